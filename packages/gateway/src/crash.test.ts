import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { certificatesMissing, eventually, seededRandom } from "@lineshaft/testing";
import { describe, expect, test } from "vitest";
import type { Point } from "./points.ts";
import { LinkBed, upTo } from "./testing/bed.ts";
import type { GatewayProcessNews, GatewayProcessOptions } from "./testing/gateway-process.ts";
import type { HubProcessOptions } from "./testing/hub-process.ts";
import { GATEWAY } from "./testing/notes.ts";

const NOTES = 300;

function start(file: string, options: object): ChildProcess {
  return fork(new URL(`./testing/${file}.ts`, import.meta.url), [JSON.stringify(options)], {
    execArgv: ["--conditions=lineshaft:source", "--disable-warning=ExperimentalWarning"],
  });
}

async function exited(child: ChildProcess): Promise<string | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  return child.signalCode;
}

describe.skipIf(certificatesMissing())("a gateway that is killed while it takes over a configuration", () => {
  const declared = (line: string) => ({ type: "line.v1", data: line, check: () => [] });

  /** A hub that has published for a gateway, and a gateway's process that dies at the point at most. */
  async function aBed() {
    const peer = { name: GATEWAY, configuration: declared("first") };
    const bed = await LinkBed.open({ gateways: [peer] });
    const files = { file: join(bed.folder, "configuration.json"), key: join(bed.folder, "configuration.pem") };
    const publish = async (line: string) => {
      peer.configuration = declared(line);
      const options = {
        gateway: GATEWAY,
        key: bed.authority.signingKey,
        now: bed.clock.now(),
        who: "ana",
        why: "for a test",
      };
      await bed.intake?.publish(bed.ledger, options);
      // The hub looks every other second by its clock.
      await bed.clock.advance(5_000);
    };
    await publish("first");
    writeFileSync(files.key, bed.authority.configurationKey);
    const { ca, clientCert: cert, clientKey: key } = bed.certificates;
    const news: GatewayProcessNews = {};
    const run = (kill?: GatewayProcessOptions["kill"]) => {
      for (const name of ["runs", "refused"] as const) delete news[name];
      const hub = `https://127.0.0.1:${bed.line.port}`;
      const options: GatewayProcessOptions = {
        hub,
        ca,
        cert,
        key,
        buffer: bed.bufferPath,
        from: 1,
        to: 0,
        configuration: files,
        ...(kill === undefined ? {} : { kill }),
      };
      const child = start("gateway-process", options);
      child.on("message", (told: GatewayProcessNews) => Object.assign(news, told));
      return child;
    };
    return { bed, publish, run, news };
  }

  test.each<Point>(["beforeApply", "beforeKeep", "afterKeep"])(
    "%s runs it after the next start",
    async (point) => {
      const { bed, publish, run, news } = await aBed();
      await using _ = bed;
      const first = run();
      await eventually("it runs the first", () => news.runs === 1);
      first.kill("SIGKILL");
      await exited(first);
      await publish("second");
      // The first pass of a start is that of the configuration that is kept.
      expect(await exited(run({ point, hit: point === "beforeApply" ? 2 : 1 }))).toBe("SIGKILL");
      const last = run();
      await eventually("it runs the second", () => news.runs === 2);
      last.kill("SIGKILL");
      await exited(last);
    },
    60_000,
  );

  test("again and again refuses it, and goes on with the last good one", async () => {
    const { bed, publish, run, news } = await aBed();
    await using _ = bed;
    const first = run();
    await eventually("it runs the first", () => news.runs === 1);
    first.kill("SIGKILL");
    await exited(first);
    await publish("deadly");
    for (let death = 0; death < 2; death++) expect(await exited(run({ point: "beforeApply", hit: 2 }))).toBe("SIGKILL");
    const last = run();
    await eventually("it refuses the second", () => news.refused !== undefined);
    expect(news).toMatchObject({ runs: 1, refused: "The gateway's process ended 2 times while it started with it." });
    last.kill("SIGKILL");
    await exited(last);
    // What was good is tried at every start, however often the process ends in it.
    for (let death = 0; death < 3; death++) expect(await exited(run({ point: "beforeApply", hit: 1 }))).toBe("SIGKILL");
    const again = run();
    await eventually("it runs the first", () => news.runs === 1);
    again.kill("SIGKILL");
    await exited(again);
  }, 60_000);
});

describe.skipIf(certificatesMissing())("nothing acknowledged is lost, applied twice or out of order when", () => {
  test.each<[Point, number]>([
    ["beforeCommit", 1],
    ["afterCommit", 2],
    ["beforeSend", 3],
    ["afterAnswer", 4],
    ["afterConfirm", 5],
  ])(
    "the gateway is killed %s, again and again",
    async (point, seed) => {
      const random = seededRandom(seed);
      await using bed = await LinkBed.open();
      const { ca, clientCert: cert, clientKey: key } = bed.certificates;
      let acknowledged = 0;
      const run = (kill?: GatewayProcessOptions["kill"]) => {
        const options: GatewayProcessOptions = {
          hub: `https://127.0.0.1:${bed.line.port}`,
          ca,
          cert,
          key,
          buffer: bed.bufferPath,
          from: acknowledged + 1,
          to: NOTES,
          ...(kill === undefined ? {} : { kill }),
        };
        return start("gateway-process", options);
      };
      for (let round = 0; round < 3; round++) {
        const child = run({ point, hit: 1 + Math.floor(random() * 5) });
        child.on(
          "message",
          (news: GatewayProcessNews) => (acknowledged = Math.max(acknowledged, news.acknowledged ?? 0)),
        );
        expect(await exited(child)).toBe("SIGKILL");
      }
      const last = run();
      let waiting = NOTES;
      last.on("message", (news: GatewayProcessNews) => {
        acknowledged = Math.max(acknowledged, news.acknowledged ?? 0);
        waiting = news.waiting ?? waiting;
      });
      await eventually("all is up", () => acknowledged === NOTES && waiting === 0);
      last.kill("SIGKILL");
      await exited(last);
      expect(await bed.notes()).toEqual(upTo(NOTES));
      expect(await bed.gaps()).toEqual([]);
    },
    60_000,
  );

  test("the hub is killed with a batch on its disk and its answer unsent, again and again", async () => {
    await using bed = await LinkBed.open({ limits: { batchFacts: 20 } });
    await bed.stopHub();
    await bed.startGateway();
    await bed.push(1, NOTES);
    const { ca, cert, key } = bed.certificates;
    const run = (options: Partial<HubProcessOptions>) => {
      const child = start("hub-process", { ledger: bed.ledgerPath, ca, cert, key, ...options });
      child.on("message", ({ port }: { port: number }) => (bed.line.to = { port }));
      return child;
    };
    for (let round = 0; round < 3; round++) {
      const child = run({ killAtCommit: 1 + round });
      await bed.until("it is killed", () => child.signalCode !== null);
    }
    expect(bed.gateway?.buffer.facts).toBeGreaterThan(0);
    await bed.startHub();
    await bed.caughtUp();
    expect(await bed.notes()).toEqual(upTo(NOTES));
    expect(await bed.gaps()).toEqual([]);
    expect((await bed.ledger.totals()).duplicates).toBe(0);
  }, 60_000);
});
