import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  type CommitGroup,
  type CommitResult,
  type LaneLease,
  type Ledger,
  type Route,
  type Settlement,
  deliveryId,
  laneOf,
} from "@lineshaft/core";
import { aMessage, eventually, seededRandom } from "@lineshaft/testing";
import { type PostgresServer, type Wire, type WireFault, startPostgres, startWire } from "@lineshaft/testing/postgres";
import { type PostgresLedgerOptions, type PostgresLedgerStats, openPostgresLedger } from "./index.ts";

let server: PostgresServer;
let wire: Wire;
let url: string;
let ledger: Ledger & PostgresLedgerStats;
let route: Route;
let lease: LaneLease;
/** The same ledger, looked at past the wire. */
let beside: Ledger;

beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  url = await server.newDatabase();
  wire = await startWire(server.port);
  beside = await openPostgresLedger({ url });
  await open();
});
afterEach(async () => {
  await ledger.close();
  await beside.close();
  await wire[Symbol.asyncDispose]();
});

async function open(options: Partial<PostgresLedgerOptions> = {}): Promise<void> {
  await ledger?.close();
  ledger = await openPostgresLedger({ url: wire.through(url), ...options });
  [route] = (await ledger.registerRoutes([{ flow: "notes", system: "odoo", operation: "apply" }])) as [Route];
  lease = await ledger.claimLanes({ worker: "w1", leaseMs: 600_000 });
  // The connection for writing is there before it breaks.
  await ledger.commit({ at: 1 });
}

const message = (sourceId: string) => aMessage({ sourceId, deliveries: [{ route: route.id, supersede: true }] });
async function accept(sourceId: string): Promise<number> {
  const { messages } = await ledger.commit({ at: 1, messages: [message(sourceId)] });
  return deliveryId(messages[0]?.message ?? 0, route.id);
}
function step(delivery: number, over: Pick<Settlement, "from" | "to"> & Partial<Settlement>): Settlement {
  const lane = laneOf("MO-7");
  return { delivery, lane, fence: lease.lanes.find((l) => l.lane === lane)?.fence ?? -1, at: 2, ...over };
}
const stored = async () => (await beside.messages({ limit: 100 })).map((m) => m.sourceId);
const by = { who: "ana", why: "looked", at: 3 };
const sent = { kind: "send" as const, startedAt: 1, endedAt: 2, outcome: "done" as const, receipt: "r" };

test.each(["lose-answer", "lose-statement", "hold-statement"] as const)(
  "a commit whose connection breaks (%s) is stored once, and its caller hears the result",
  async (fault) => {
    wire.fault(fault, "commit_v2");
    const result = await ledger.commit({ at: 1, messages: [message("f-1"), message("f-2")] });
    expect(wire.struck).toBe(true);
    expect(result.messages.map((m) => m.kind)).toEqual(["accepted", "accepted"]);
    expect((await beside.messages({ limit: 10 })).map((m) => m.id)).toEqual(result.messages.map((m) => m.message));
    expect(await beside.totals()).toMatchObject({ messages: 2, duplicates: 0 });
    expect(ledger.stats()).toMatchObject({ uncertain: 1, reconnects: 1 });
  },
);

test("a step whose answer is lost is not lost itself", async () => {
  const id = await accept("f-1");
  wire.fault("lose-answer", "commit_v2");
  expect((await ledger.commit({ at: 1, settlements: [step(id, { from: "pending", to: "sending" })] })).lost).toEqual(
    [],
  );
  wire.fault("lose-answer", "commit_v2");
  const done = step(id, { from: "sending", to: "done", attempt: sent });
  expect((await ledger.commit({ at: 1, settlements: [done] })).lost).toEqual([]);
  expect(await beside.attempts(id)).toHaveLength(1);
});

test("a connection that stays open but silent is given up, and the commit is stored once", async () => {
  await open({ commitMs: 100 });
  wire.fault("swallow-answer", "commit_v2");
  const result = await ledger.commit({ at: 1, messages: [message("f-1")] });
  expect(result.messages[0]?.kind).toBe("accepted");
  expect(await stored()).toEqual(["f-1"]);
});

test("an act whose answer is lost is done once", async () => {
  const id = await accept("f-1");
  const parking = { reason: "x", message: "m", next: "n", owner: "o" };
  await ledger.commit({ at: 1, settlements: [step(id, { from: "pending", to: "parked", parking })] });
  wire.fault("lose-answer", "act_v1");
  expect(await ledger.act({ kind: "resend", who: "ana", why: "looked", at: 3, delivery: id })).toMatchObject({ id: 1 });
  expect(await beside.audit({ after: 0, limit: 10 })).toHaveLength(1);
});

test.each(["lose-answer", "lose-statement", "hold-statement"] as const)(
  "a publication whose connection breaks (%s) is stored once, with one entry in the audit trail",
  async (fault) => {
    const publish = (value: string, after: string) =>
      ledger.actOnCursor({ ...by, kind: "publish", cursor: { name: "n", value, after }, detail: { value } });
    await publish("1", "");
    wire.fault(fault, "act_on_cursor_v1");
    // Sent again, it must neither be done twice nor be refused because it stands there already.
    expect(await publish("2", "1")).toMatchObject({ id: 2, act: "publish" });
    expect(wire.struck).toBe(true);
    if (fault === "hold-statement") await wire.deliver();
    expect(await beside.loadCursor("n")).toBe("2");
    expect((await beside.audit({ after: 0, limit: 10 })).map((e) => e.detail)).toEqual([
      '{"value":"1"}',
      '{"value":"2"}',
    ]);
    expect((await beside.verifyAudit()).problem).toBeUndefined();
    expect(ledger.stats()).toMatchObject({ uncertain: 1, reconnects: 1 });
  },
);

test.each(["lose-answer", "lose-statement", "hold-statement"] as const)(
  "what a person says a system calls a thing, over a connection that breaks (%s), is stored once",
  async (fault) => {
    const thing = { kind: "product", object: "B-1", system: "odoo" };
    wire.fault(fault, "act_on_identity_v1");
    const act = { ...by, identity: { ...thing, external: "71" }, before: undefined };
    expect(await ledger.actOnIdentity(act)).toMatchObject({ id: 1, act: "identify" });
    expect(wire.struck).toBe(true);
    if (fault === "hold-statement") await wire.deliver();
    expect(await beside.identity(thing)).toBe("71");
    expect(await beside.audit({ after: 0, limit: 10 })).toHaveLength(1);
    expect((await beside.verifyAudit()).problem).toBeUndefined();
  },
);

test("a publication that nobody knows of for too long is told, and known by the next one", async () => {
  await open({ commitWaitMs: 100 });
  const publish = (value: string, after: string) =>
    ledger.actOnCursor({ ...by, kind: "publish", cursor: { name: "n", value, after }, detail: {} });
  wire.fault("lose-answer", "act_on_cursor_v1");
  const outcome = Promise.allSettled([publish("1", "")]);
  await eventually("the connection breaks", () => wire.struck);
  wire.refusing = true;
  expect(await outcome).toMatchObject([{ status: "rejected", reason: { code: "ledger-io" } }]);
  wire.refusing = false;
  await expect(publish("1", "")).rejects.toMatchObject({ code: "wrong-state" });
  expect(await publish("2", "1")).toMatchObject({ id: 2 });
  expect((await beside.verifyAudit()).problem).toBeUndefined();
});

describe("when the server stays away for longer than a commit waits", () => {
  beforeEach(() => open({ commitWaitMs: 100 }));

  async function loseTheAnswerForLong(group: Parameters<Ledger["commit"]>[0]): Promise<void> {
    wire.fault("lose-answer", "commit_v2");
    const under = ledger.commit(group);
    const behind = ledger.commit({ at: 1, epoch: group.epoch ?? 0, messages: [message("behind")] });
    const outcomes = Promise.allSettled([under, behind]);
    await eventually("the connection breaks", () => wire.struck);
    wire.refusing = true;
    expect(await outcomes).toMatchObject([
      { status: "rejected", reason: { code: "ledger-io" } },
      { status: "rejected", reason: { code: "ledger-io" } },
    ]);
    await expect(ledger.commit({ at: 1, epoch: 1, messages: [message("early")] })).rejects.toMatchObject({
      code: "ledger-io",
    });
    wire.refusing = false;
  }

  test("what was stored keeps its answer through further commits that fail", async () => {
    const ids = [await accept("f-1"), await accept("f-2")];
    const steps = ids.map((id) => step(id, { from: "pending", to: "sending" }));
    await loseTheAnswerForLong({ at: 1, epoch: 0, settlements: steps });
    // It is found out that they were stored, and then the server is away again.
    wire.fault("lose-statement", "commit_v");
    const outcome = Promise.allSettled([
      ledger.commit({ at: 1, epoch: 2, messages: [message("f-3")], settlements: steps }),
    ]);
    await eventually("the next commit is lost", () => wire.struck);
    wire.refusing = true;
    expect(await outcome).toMatchObject([{ status: "rejected", reason: { code: "ledger-io" } }]);
    wire.refusing = false;
    const result = await ledger.commit({ at: 1, epoch: 3, messages: [message("f-3")], settlements: steps });
    expect([result.lost, result.messages[0]?.kind]).toEqual([[], "accepted"]);
  });

  test("its caller is told, and what comes again is known as what was stored", async () => {
    const ids = [await accept("f-1"), await accept("f-2")];
    const steps = ids.map((id) => step(id, { from: "pending", to: "sending" }));
    const wrong = step(await accept("f-3"), { from: "checking", to: "done", attempt: sent });
    const before = (await beside.messages({ limit: 1, newestFirst: true }))[0]?.id ?? 0;
    await loseTheAnswerForLong({ at: 1, epoch: 0, messages: [message("f-4")], settlements: [...steps, wrong] });
    expect(await stored()).toEqual(["f-1", "f-2", "f-3", "f-4"]);
    const result = await ledger.commit({
      at: 1,
      epoch: 2,
      messages: [message("f-4"), message("f-5")],
      settlements: [...steps, wrong],
    });
    expect(result.lost).toEqual([wrong.delivery]);
    expect(result.messages).toMatchObject([{ kind: "duplicate", differs: false }, { kind: "accepted" }]);
    // It never heard of f-4: that there is something newer than it knows is what makes it look.
    expect(result.newestBefore).toBeGreaterThan(before);
    expect((await beside.deliveries({ ids, limit: 10 })).map((d) => d.state)).toEqual(["sending", "sending"]);
    // A later step of the same delivery is a step of its own.
    const done = ids.map((id) => step(id, { from: "sending", to: "done", attempt: sent }));
    expect((await ledger.commit({ at: 1, epoch: 2, settlements: done })).lost).toEqual([]);
    expect((await beside.verifyAudit()).problem).toBeUndefined();
  });

  test("what has not arrived by then never will", async () => {
    wire.fault("hold-statement", "commit_v2");
    const under = ledger.commit({ at: 1, epoch: 0, messages: [message("stray")] });
    const outcome = Promise.allSettled([under]);
    await eventually("the statement is held", () => wire.struck);
    wire.refusing = true;
    expect(await outcome).toMatchObject([{ status: "rejected", reason: { code: "ledger-io" } }]);
    wire.refusing = false;
    expect((await ledger.commit({ at: 1, epoch: 1, messages: [message("f-1")] })).messages[0]?.kind).toBe("accepted");
    await wire.deliver();
    expect(await stored()).toEqual(["f-1"]);
  });

  test("a stop does not wait for it", async () => {
    await open({ commitWaitMs: 600_000 });
    wire.fault("lose-answer", "commit_v2");
    const outcome = Promise.allSettled([ledger.commit({ at: 1, messages: [message("f-1")] })]);
    await eventually("the connection breaks", () => wire.struck);
    wire.refusing = true;
    await ledger.close();
    expect(await outcome).toMatchObject([
      { status: "rejected", reason: { code: expect.stringMatching("ledger-") as string } },
    ]);
  });
});

test("a commit that finds no server is turned away, and the next one goes on when it is back", async () => {
  await open({ commitWaitMs: 100 });
  wire.refusing = true;
  wire.cut();
  await expect(ledger.commit({ at: 1, messages: [message("f-1")] })).rejects.toMatchObject({ code: "ledger-io" });
  wire.refusing = false;
  expect((await ledger.commit({ at: 1, messages: [message("f-1")] })).messages[0]?.kind).toBe("accepted");
});

describe("whatever breaks when", () => {
  const faults: readonly WireFault[] = ["lose-answer", "lose-statement", "hold-statement"];

  /** Commits through one fault, as the engine does: what failed comes again, with a higher epoch, until it is stored. */
  async function commitThrough(
    group: CommitGroup,
    { fault, away }: { fault: WireFault; away: boolean },
  ): Promise<CommitResult> {
    wire.fault(fault, "commit_v2");
    let result: CommitResult | undefined;
    const first = ledger.commit({ ...group, epoch }).then(
      (stored) => (result = stored),
      () => epoch++,
    );
    await eventually("the fault strikes", () => wire.struck);
    wire.refusing = away;
    await first;
    wire.refusing = false;
    // Late, what was held arrives after all; it may change nothing.
    const late = fault === "hold-statement" && random() < 0.5;
    if (fault === "hold-statement" && !late) await wire.deliver();
    result ??= await ledger.commit({ ...group, epoch });
    if (late) await wire.deliver();
    return result;
  }
  let epoch = 0;
  let random = seededRandom(0);

  test.each([1, 2, 3])("each fact is stored once, and each step is taken once and told so (%i)", async (seed) => {
    await open({ commitWaitMs: 60 });
    epoch = 0;
    random = seededRandom(seed);
    const deliveries: number[] = [];
    for (let n = 0; n < 25; n++) {
      const [begun, finished] = [deliveries[n - 1], deliveries[n - 2]];
      const settlements = [
        ...(begun === undefined ? [] : [step(begun, { from: "pending", to: "sending" })]),
        ...(finished === undefined ? [] : [step(finished, { from: "sending", to: "done", attempt: sent })]),
      ];
      const fault = faults[Math.floor(random() * 3)] ?? "lose-answer";
      const result = await commitThrough(
        { at: n, messages: [message(`f-${n}`)], settlements },
        { fault, away: random() < 0.6 },
      );
      expect(result.lost).toEqual([]);
      deliveries.push(deliveryId(result.messages[0]?.message ?? 0, route.id));
    }
    expect(await stored()).toEqual(Array.from({ length: 25 }, (_, n) => `f-${n}`));
    expect(await beside.counts({ open: false })).toMatchObject([
      { state: "done", count: 23 },
      { state: "pending", count: 1 },
      { state: "sending", count: 1 },
    ]);
    expect((await beside.totals()).attempts).toBe(23);
    expect((await beside.verifyAudit()).problem).toBeUndefined();
    expect(ledger.stats().uncertain).toBe(25);
  });
});
