import { hash } from "node:crypto";
import { existsSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type CursorAct, silentLog } from "@lineshaft/core";
import { certificatesMissing } from "@lineshaft/testing";
import { Type } from "typebox";
import { describe, expect, test } from "vitest";
import { Configurator } from "./configurator.ts";
import {
  type Configured,
  type DeclaredConfiguration,
  FactBuffer,
  GATEWAY_LIMITS,
  type GatewayDefinition,
  type GatewayOptions,
  configurationType,
} from "./index.ts";
import { Link } from "./link.ts";
import { nowhere } from "./points.ts";
import { type SignedPublication, publicationOf, publicationsName, publish } from "./publication.ts";
import { type BedOptions, LinkBed, PushSource } from "./testing/bed.ts";
import { GATEWAY } from "./testing/notes.ts";

const lines = configurationType(
  "lines.v1",
  Type.Object(
    { lines: Type.Array(Type.String()), password: Type.Optional(Type.String()) },
    { additionalProperties: false },
  ),
);
const DAY_MS = 86_400_000;
const by = { who: "ana", why: "for a test" };

/** A hub that declares a configuration, and a gateway whose systems are named by it. */
class ConfiguredBed implements AsyncDisposable {
  readonly bed: LinkBed;
  /** What the hub's project declares. */
  readonly peer: { name: string; configuration: DeclaredConfiguration };
  /** Systems that were closed, in order. */
  readonly closed: string[] = [];

  constructor(bed: LinkBed, peer: ConfiguredBed["peer"]) {
    this.bed = bed;
    this.peer = peer;
  }

  static async open(options: BedOptions = {}): Promise<ConfiguredBed> {
    const peer = { name: GATEWAY, configuration: lines.of({ lines: ["a"] }) };
    const bed = await LinkBed.open({ gateways: [peer], ...options });
    writeFileSync(join(bed.folder, "configuration.pem"), signingPem(bed));
    return new ConfiguredBed(bed, peer);
  }

  get path(): string {
    return join(this.bed.folder, "gateway", "configuration.json");
  }

  publish(names: readonly string[], version?: number): Promise<unknown> {
    this.peer.configuration = lines.of({ lines: [...names] });
    return this.#publish(version);
  }

  #publish(version?: number): Promise<unknown> {
    const { bed } = this;
    const options = { gateway: GATEWAY, key: bed.authority.signingKey, now: bed.clock.now(), ...by };
    if (bed.intake === undefined) throw new Error("no hub runs");
    return bed.intake.publish(bed.ledger, version === undefined ? options : { ...options, version });
  }

  rollBack(version: number): Promise<unknown> {
    return this.#publish(version);
  }

  /** A program that opens a system for each line, and cannot open one that is called broken. */
  async start(over: Partial<GatewayDefinition> = {}, options: GatewayOptions = {}): Promise<void> {
    const files = { file: this.path, key: join(this.bed.folder, "configuration.pem") };
    const configured = lines.runs((data): Configured => ({ systems: data.lines.map((name) => this.#system(name)) }));
    await this.bed.startGateway(
      { systems: [], configured, configuration: files, ...over },
      {
        program: "1.0.0",
        ...options,
      },
    );
  }

  get running(): string[] | undefined {
    return this.bed.gateway?.status().systems.map(({ name }) => name);
  }

  async runs(...names: string[]): Promise<void> {
    await this.pass(`it runs ${names.join(" and ")}`, () => JSON.stringify(this.running) === JSON.stringify(names));
  }

  /** Lets time go on, so that the gateway asks and the hub looks. */
  async pass(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
    await this.bed.until(what, async () => {
      if (await condition()) return true;
      await this.bed.clock.advance(1_000);
      return false;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.bed[Symbol.asyncDispose]();
  }

  #system(name: string) {
    if (name === "unknown") throw new Error("There is no line unknown.");
    const { system } = new PushSource();
    const open: typeof system.open = async (context) => {
      if (name === "broken") throw new Error("The line broken does not answer.");
      return { ...(await system.open(context)), close: () => Promise.resolve(void this.closed.push(name)) };
    };
    return { ...system, name, open };
  }
}

function signingPem(bed: LinkBed): string {
  void bed.authority.signingKey;
  return bed.authority.configurationKey;
}

describe.skipIf(certificatesMissing())("a configuration", () => {
  test("is fetched, run and told to the hub, and what ran before is closed", async () => {
    await using it = await ConfiguredBed.open();
    await it.start();
    expect(it.running).toEqual([]);
    await it.publish(["a"]);
    await it.runs("a");
    await it.publish(["b", "c"]);
    await it.runs("b", "c");
    expect(it.closed).toEqual(["a"]);
    expect(it.bed.gateway?.status().configuration).toMatchObject({ runs: { serial: 2, version: 2 } });
    await it.pass("the hub knows", async () => (await it.bed.fleet()).report?.configuration?.version === 2);
    expect(await it.bed.fleet()).toMatchObject({
      linked: true,
      wanted: { serial: 2, version: 2, why: "for a test" },
      unpublished: false,
      report: { program: "1.0.0" },
    });
  });

  test("is the last good one when the line is down at a start", async () => {
    await using it = await ConfiguredBed.open();
    await it.publish(["a"]);
    await it.start();
    await it.runs("a");
    await it.bed.stopGateway();
    it.bed.line.refusing = true;
    await it.start();
    expect(it.running).toEqual(["a"]);
  });

  test.each([
    ["does not fit its type", { lines: "a" }, "It does not fit lines.v1. /lines: Correct"],
    ["has a secret in it", { lines: ["a"], password: "geheim" }, "/password: Name where the gateway finds the secret"],
    ["makes the program throw", { lines: ["unknown"] }, "There is no line unknown."],
    ["has a system that cannot be opened", { lines: ["b", "broken"] }, "The line broken does not answer."],
    ["has a system twice", { lines: ["b", "b"] }, "It has two systems b."],
  ])("that %s is refused once, told to the hub, and the last good one goes on", async (_what, data, why) => {
    await using it = await ConfiguredBed.open();
    await it.publish(["a"]);
    await it.start();
    await it.runs("a");
    // A hub of a project that checks less.
    it.peer.configuration = { type: "lines.v1", data, check: () => [] };
    await it.bed.intake?.publish(it.bed.ledger, {
      gateway: GATEWAY,
      key: it.bed.authority.signingKey,
      now: it.bed.clock.now(),
      ...by,
    });
    await it.pass("the hub is told", async () => (await it.bed.fleet()).report?.refusedConfiguration !== undefined);
    const { report, wanted } = await it.bed.fleet();
    expect(report).toMatchObject({ configuration: { version: 1 }, refusedConfiguration: { version: 2, serial: 2 } });
    expect(report?.refusedConfiguration?.message).toContain(why);
    expect(wanted?.version).toBe(2);
    expect(it.running).toEqual(["a"]);
    const closed = it.closed.length;
    await it.bed.clock.advance(120_000);
    expect(it.closed).toHaveLength(closed);
    await it.publish(["c"]);
    await it.runs("c");
    expect(it.bed.gateway?.status().configuration?.refused).toBeUndefined();
  });

  test("that one program refused is tried again by another", async () => {
    await using it = await ConfiguredBed.open();
    await it.publish(["broken"]);
    await it.start();
    await it.pass("it is refused", () => it.bed.gateway?.status().configuration?.refused !== undefined);
    await it.bed.stopGateway();
    const configured = lines.runs(() => ({ systems: [new PushSource().system] }));
    await it.start({ configured }, { program: "1.1.0" });
    await it.runs("line");
    await it.pass("the hub knows", async () => (await it.bed.fleet()).report?.program === "1.1.0");
  });

  test("that is old is refused when it is sent again, though it is signed", async () => {
    await using bed = await LinkBed.open();
    const { authority, clock, folder } = bed;
    const { hub, tls } = bed.definition();
    writeFileSync(join(folder, "configuration.pem"), signingPem(bed));
    const ran: string[] = [];
    const buffer = new FactBuffer({ path: join(folder, "b.db"), gateway: GATEWAY, maxBytes: 1e8, clock });
    const it = new Configurator({
      gateway: GATEWAY,
      files: { file: join(folder, "kept.json"), key: join(folder, "configuration.pem") },
      reader: lines.runs((data) => {
        ran.push(...data.lines);
        return { systems: [] };
      }),
      buffer,
      link: new Link({ hub, tls, clock }),
      limits: GATEWAY_LIMITS,
      clock,
      log: silentLog,
      at: nowhere,
      program: "1.0.0",
      apply: () => Promise.resolve(),
      changed: () => undefined,
    });
    const sign = (before: SignedPublication[], names: string[]) =>
      publish(lines.of({ lines: names }), {
        gateway: GATEWAY,
        key: authority.signingKey,
        before,
        now: clock.now(),
        ...by,
      });
    const first = sign([], ["a"]);
    const second = sign(first, ["b"]);
    expect(await it.take(newestOf(first))).toBe(true);
    expect(await it.take(newestOf(second))).toBe(true);
    expect(await it.take(newestOf(first))).toBe(false);
    expect(it.status).toMatchObject({ runs: { serial: 2 }, refused: { serial: 1 } });
    expect(it.status.refused?.message).toContain("something old was sent again");
    // An older version under a newer number is none either, unless it says that it is meant to be.
    const unmeant = publish(lines.of({ lines: ["c"] }), {
      gateway: GATEWAY,
      key: authority.signingKey,
      before: [{ text: JSON.stringify({ serial: 7, version: 0 }), signature: "" }],
      now: 0,
      ...by,
    });
    expect(await it.take(newestOf(unmeant))).toBe(false);
    expect(it.status.refused?.message).toContain("is no roll-back");
    expect(ran).toEqual(["a", "b"]);
    buffer.close();
  });

  test("goes back to an earlier version on purpose", async () => {
    await using it = await ConfiguredBed.open();
    await it.publish(["a"]);
    await it.start();
    await it.runs("a");
    await it.publish(["b"]);
    await it.runs("b");
    await it.rollBack(1);
    await it.runs("a");
    expect(it.bed.gateway?.status().configuration).toMatchObject({ runs: { serial: 3, version: 1 } });
    await expect(it.rollBack(1)).rejects.toMatchObject({ code: "wrong-state" });
    await expect(it.rollBack(7)).rejects.toMatchObject({ code: "not-found" });
  });

  test.each([
    ["was signed for another gateway", (all: SignedPublication) => all, "The configuration is for gateway rostock"],
    [
      "was changed after it was signed",
      ({ text, signature }: SignedPublication) => ({ text: text.replace("rostock", GATEWAY), signature }),
      "is not signed with the key",
    ],
    [
      "has no signature",
      ({ text }: SignedPublication) => ({ text: text.replace("rostock", GATEWAY), signature: "" }),
      "is not signed with the key",
    ],
  ])("that %s is refused", async (_what, spoil, why) => {
    await using it = await ConfiguredBed.open();
    await it.publish(["a"]);
    await it.start();
    await it.runs("a");
    const before = [{ text: JSON.stringify({ serial: 8, version: 8 }), signature: "" }];
    const key = it.bed.authority.signingKey;
    const foreign = publish(lines.of({ lines: ["x"] }), { gateway: "rostock", key, before, now: DAY_MS, ...by });
    await savePublications(it.bed, [spoil(newestOf(foreign))]);
    await it.pass("it is refused", () => it.bed.gateway?.status().configuration?.refused !== undefined);
    expect(it.bed.gateway?.status().configuration?.refused?.message).toContain(why);
    expect(it.running).toEqual(["a"]);
  });

  test("that was torn by a power cut stands in the buffer as well", async () => {
    await using it = await ConfiguredBed.open();
    await it.publish(["a"]);
    await it.start();
    await it.runs("a");
    await it.publish(["b"]);
    await it.runs("b");
    await it.bed.stopGateway();
    expect(publicationOf(JSON.parse(readFileSync(it.path, "utf8")) as SignedPublication).version).toBe(2);
    truncateSync(it.path, 100);
    it.bed.line.refusing = true;
    await it.start();
    expect(it.running).toEqual(["b"]);
    expect(it.bed.gateway?.status().configuration?.problem).toContain(it.path);
  });

  test("that is nowhere any more is left for the one before it, and fetched again", async () => {
    await using it = await ConfiguredBed.open();
    await it.publish(["a"]);
    await it.start();
    await it.runs("a");
    await it.publish(["b"]);
    await it.runs("b");
    await it.bed.stopGateway();
    const loseBuffer = () => {
      for (const end of ["", "-wal"]) rmSync(`${it.bed.bufferPath}${end}`, { force: true });
    };
    truncateSync(it.path, 100);
    loseBuffer();
    it.bed.line.refusing = true;
    await it.start();
    expect(it.running).toEqual(["a"]);
    it.bed.line.heal();
    await it.runs("b");
    expect(it.bed.gateway?.status().configuration?.problem).toBeUndefined();
    await it.bed.stopGateway();
    // All of it torn: nothing runs until the hub is there.
    truncateSync(it.path, 0);
    writeFileSync(`${it.path}.before`, "{");
    loseBuffer();
    it.bed.line.refusing = true;
    await it.start();
    expect(it.running).toEqual([]);
    it.bed.line.heal();
    await it.runs("b");
  });

  test("whose writing was cut off leaves the last good one as it was", async () => {
    await using it = await ConfiguredBed.open();
    await it.publish(["a"]);
    await it.start();
    await it.runs("a");
    await it.bed.stopGateway();
    writeFileSync(`${it.path}.new`, '{"text":');
    await it.start();
    expect(it.running).toEqual(["a"]);
    expect(it.bed.gateway?.status().configuration?.problem).toBeUndefined();
    expect(existsSync(`${it.path}.before`)).toBe(false);
  });

  test("changes the gateway's limits, and gives back what it left out", async () => {
    await using it = await ConfiguredBed.open();
    const configured = lines.runs(({ lines: names }) => ({
      systems: [new PushSource().system],
      ...(names.includes("small") ? { limits: { bufferBytes: 1_000_000 } } : {}),
    }));
    await it.publish(["small"]);
    await it.start({ configured });
    await it.pass("it is small", () => it.bed.gateway?.status().buffer.maxBytes === 1_000_000);
    await it.publish(["large"]);
    await it.pass("it is large", () => it.bed.gateway?.status().buffer.maxBytes === 4 * 1024 ** 3);
  });

  test("stands in the audit trail with who and why, what it was by its digest, and nothing of its content", async () => {
    await using it = await ConfiguredBed.open();
    await it.publish(["a"]);
    await it.publish(["b"]);
    await it.rollBack(1);
    const { ledger } = it.bed;
    const entries = await ledger.audit({ after: 0, limit: 10 });
    const entry = { ...by, message: null, delivery: null };
    expect(entries).toMatchObject([
      { ...entry, act: "publish" },
      { ...entry, act: "publish" },
      { ...entry, act: "revert" },
    ]);
    const sha256 = (name: string) => hash("sha256", `{"lines":["${name}"]}`, "hex");
    const common = { gateway: GATEWAY, type: "lines.v1" };
    expect(entries.map(({ detail }) => JSON.parse(detail ?? "") as unknown)).toEqual([
      { ...common, version: 1, serial: 1, sha256: sha256("a") },
      { ...common, version: 2, serial: 2, sha256: sha256("b") },
      { ...common, version: 1, serial: 3, sha256: sha256("a") },
    ]);
    expect((await ledger.verifyAudit()).problem).toBeUndefined();
  });

  test("is not published over another one that came meanwhile", async () => {
    await using it = await ConfiguredBed.open();
    await it.publish(["a"]);
    const { authority, clock, intake, ledger } = it.bed;
    let meanwhile: Promise<unknown> | undefined;
    // Of two people at once, this one has read, and the other one is done before it writes.
    const beside = {
      loadCursor: async (name: string) => {
        const stored = await ledger.loadCursor(name);
        await (meanwhile ??= it.publish(["b"]));
        return stored;
      },
      actOnCursor: (act: CursorAct) => ledger.actOnCursor(act),
    };
    const options = { gateway: GATEWAY, key: authority.signingKey, now: clock.now(), ...by };
    await expect(intake?.publish(beside, options)).rejects.toMatchObject({ code: "wrong-state" });
    expect((await it.bed.fleet()).wanted).toMatchObject({ serial: 2, version: 2 });
    expect(await ledger.audit({ after: 0, limit: 10 })).toHaveLength(2);
    await it.publish(["c"]);
    expect((await it.bed.fleet()).wanted).toMatchObject({ serial: 3, version: 3 });
  });

  test.each(["who", "why"])("is not published by somebody who does not say %s", async (missing) => {
    await using it = await ConfiguredBed.open();
    const { authority, clock, intake, ledger } = it.bed;
    const options = { gateway: GATEWAY, key: authority.signingKey, now: clock.now(), ...by, [missing]: " " };
    await expect(intake?.publish(ledger, options)).rejects.toMatchObject({ code: "usage" });
    expect((await it.bed.fleet()).wanted).toBeUndefined();
  });

  test("is not published when it does not fit, and a hub that declares it does not start", async () => {
    await using it = await ConfiguredBed.open();
    const wrong = lines.of({ lines: ["a"], password: "geheim" });
    expect(wrong.check()).toMatchObject([{ field: "/password", rule: "configuration.secret" }]);
    expect(lines.of({ lines: ["a"], password: "env:PLC_KEY" }).check()).toEqual([]);
    it.peer.configuration = wrong;
    const options = { gateway: GATEWAY, key: it.bed.authority.signingKey, now: 0, ...by };
    await expect(it.bed.intake?.publish(it.bed.ledger, options)).rejects.toMatchObject({ code: "config-invalid" });
    expect(await it.bed.ledger.audit({ after: 0, limit: 10 })).toEqual([]);
    await it.bed.stopHub();
    await expect(it.bed.startHub()).rejects.toMatchObject({ code: "config-invalid" });
  });
});

function newestOf(all: readonly SignedPublication[]): SignedPublication {
  for (const publication of all) return publication;
  throw new Error("Nothing was published.");
}

async function savePublications(bed: LinkBed, all: readonly SignedPublication[]): Promise<void> {
  await bed.ledger.saveCursor(`gateways:${publicationsName(GATEWAY)}`, JSON.stringify(all));
}
