import { afterAll, beforeAll, expect, test } from "vitest";
import { LANES, type Ledger, type Source, laneOf } from "@lineshaft/core";
import { type Effect, MemorySystem, note } from "@lineshaft/testing";
import { type PostgresServer, startPostgres } from "@lineshaft/testing/postgres";
import { flow } from "./index.ts";
import { type TestWorker, WorkersBed } from "./testing/workers-bed.ts";

interface Applied {
  n: number | undefined;
}

let server: PostgresServer;

beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server[Symbol.asyncDispose]());

async function aBed(repeat: "repeatable" | "lookup" = "lookup", sourcesOf: () => Record<string, Source> = () => ({})) {
  const odoo = new MemorySystem<Applied>("odoo", { repeat, settleMs: 1_000 }, { sourcesOf });
  const bed = new WorkersBed(await server.newDatabase(), {
    systems: [odoo.definition],
    flows: [flow("notes", note, { owner: "ana" }).to(odoo.operation, (n) => ({ n: n.n }))],
  });
  return { odoo, bed };
}

const KEYS = Array.from({ length: 40 }, (_, i) => `MO-${i}`);

/** Of each key, what was applied, in order. */
function byKey(effects: readonly Effect<Applied>[]): Record<string, (number | undefined)[]> {
  const applied: Record<string, (number | undefined)[]> = {};
  for (const { key, value } of effects) (applied[key] ??= []).push(value.n);
  return applied;
}

const evenly = (...workers: TestWorker[]) => {
  const most = Math.ceil(LANES / workers.length);
  return () =>
    workers.every(({ lanes }) => lanes <= most) && workers.reduce((sum, { lanes }) => sum + lanes, 0) === LANES;
};

test("workers that come get as many lanes as the others, and a worker that leaves hands over its own at once", async () => {
  const { bed } = await aBed();
  await using _ = bed;
  const a = await bed.start("a");
  expect(a.lanes).toBe(LANES);
  const b = await bed.start("b");
  await bed.until("two share the lanes", evenly(a, b));
  const c = await bed.start("c");
  await bed.until("three share the lanes", evenly(a, b, c));
  const before = bed.clock.now();
  await bed.stop(b);
  await bed.until("two share the lanes again", evenly(a, c));
  expect(bed.clock.now() - before).toBeLessThan(10_000);
});

test("what one worker accepts is applied by the one that has its lane, once and in order", async () => {
  const { odoo, bed } = await aBed();
  await using _ = bed;
  // Told of nothing: what comes first has to be found out by the commits themselves.
  const a = await bed.start("a", { listen: false });
  const b = await bed.start("b", { listen: false });
  await bed.until("two share the lanes", evenly(a, b));
  // A source that goes to another worker with each fact, as behind a load balancer.
  for (let n = 0; n < 6; n++)
    await bed.during(
      Promise.all(KEYS.map((key, k) => ((n + k) % 2 === 0 ? a : b).record({ id: `${key}-${n}`, key, n }))),
    );
  await bed.until("everything is applied", () => odoo.effects.length >= KEYS.length * 6);
  expect(byKey(odoo.effects)).toEqual(Object.fromEntries(KEYS.map((key) => [key, [0, 1, 2, 3, 4, 5]])));
});

test("order holds while workers come and go and every fact is accepted somewhere else", async () => {
  const { odoo, bed } = await aBed();
  await using _ = bed;
  const workers = [await bed.start("a")];
  let n = 0;
  const accept = async () => {
    await bed.during(
      Promise.all(KEYS.map((key, k) => workers[(n + k) % workers.length]?.record({ id: `${key}-${n}`, key, n }))),
    );
    n++;
  };
  await accept();
  workers.push(await bed.start("b"));
  await accept();
  await bed.pass(3_500);
  await accept();
  workers.push(await bed.start("c"));
  await accept();
  await bed.pass(3_500);
  await accept();
  await bed.stop(workers.shift() as TestWorker);
  await accept();
  await bed.kill(workers.shift() as TestWorker);
  await accept();
  await bed.until("everything is applied", () => odoo.effects.length >= KEYS.length * n);
  await bed.pass(15_000);
  expect(byKey(odoo.effects)).toEqual(
    Object.fromEntries(KEYS.map((key) => [key, Array.from({ length: n }, (_unused, i) => i)])),
  );
  expect((await (await bed.ledger()).verifyAudit()).problem).toBeUndefined();
});

test("a worker that dies loses its lanes within the lease, and what it had in hand is looked up", async () => {
  const { odoo, bed } = await aBed();
  await using _ = bed;
  const a = await bed.start("a");
  const b = await bed.start("b");
  await bed.until("two share the lanes", evenly(a, b));
  const never = new Promise<void>(() => undefined);
  odoo.hold = () => never;
  await bed.during(Promise.all(KEYS.map((key) => a.record({ id: key, key, n: 1 }))));
  await bed.until("both have calls out", () => odoo.calls.length >= 2);
  odoo.hold = () => undefined;
  const died = bed.clock.now();
  await bed.kill(a);
  await bed.until("the lanes are taken over", () => b.lanes === LANES);
  expect(bed.clock.now() - died).toBeLessThan(11_000);
  await bed.kill(b);
  const c = await bed.start("c");
  await bed.until("all is applied", () => odoo.effects.length >= KEYS.length);
  expect(odoo.lookups.length).toBeGreaterThan(0);
  expect(Object.values(byKey(odoo.effects)).every((applied) => applied.length === 1)).toBe(true);
  expect(c.lanes).toBe(LANES);
});

test("a worker with a shorter lease is waited for that long", async () => {
  const { bed } = await aBed();
  await using _ = bed;
  const a = await bed.start("a", { leaseMs: 2_000 });
  const b = await bed.start("b");
  await bed.until("two share the lanes", evenly(a, b));
  const died = bed.clock.now();
  await bed.kill(a);
  await bed.until("the lanes are taken over", () => b.lanes === LANES);
  expect(bed.clock.now() - died).toBeLessThan(3_000);
});

test("a worker that was suspended beyond its lease sends nothing and changes nothing any more", async () => {
  const { odoo, bed } = await aBed();
  await using _ = bed;
  const a = await bed.start("a");
  await bed.during(a.record({ id: "first", key: "MO-1", n: 1 }));
  await bed.until("the first is applied", () => odoo.effects.length === 1);
  const gate = Promise.withResolvers<void>();
  odoo.hold = () => gate.promise;
  await bed.during(a.record({ id: "second", key: "MO-1", n: 2 }));
  await bed.until("its call is out", () => odoo.calls.length === 2);
  a.suspended = true;
  odoo.hold = () => undefined;
  const b = await bed.start("b");
  await bed.until("the other one has all lanes", () => b.lanes === LANES);
  await bed.until("it looked, and sent it again", () => odoo.effects.length === 2);
  const { length: callsBefore } = odoo.calls;
  a.suspended = false;
  // Its clock jumps as a resumed process's does; its call ends now, and finds that it stood already.
  await a.clock.advance(60_000);
  odoo.before = () => ({ kind: "done", receipt: "late", already: true });
  gate.resolve();
  await bed.pass(1_000);
  odoo.before = () => undefined;
  await bed.during(a.record({ id: "third", key: "MO-1", n: 3 }));
  await bed.until("the third is applied", () => odoo.effects.length === 3);
  expect(odoo.calls.length).toBe(callsBefore + 1);
  expect(byKey(odoo.effects)).toEqual({ "MO-1": [1, 2, 3] });
  const [second] = await (await bed.ledger()).messages({ sourceId: "second", limit: 1 });
  const [delivery] = await (await bed.ledger()).deliveries({ messages: [second?.id ?? 0], limit: 1 });
  expect(delivery).toMatchObject({ state: "done" });
  expect(delivery?.receipt).not.toBe("late");
});

test("a worker suspended between writing that it sends and sending does not send when it wakes", async () => {
  const { odoo, bed } = await aBed();
  await using _ = bed;
  const gate = Promise.withResolvers<void>();
  const a = await bed.start("a", { wrap: (ledger) => answeringLate(ledger, gate.promise) });
  await bed.during(a.record({ id: "only", key: "MO-1", n: 1 }));
  await bed.until(
    "it wrote that it sends",
    async () => (await (await bed.ledger()).inHand([laneOf("MO-1")])).length > 0,
  );
  a.suspended = true;
  const b = await bed.start("b");
  await bed.until("the other one applied it", () => odoo.effects.length === 1);
  a.suspended = false;
  await a.clock.advance(60_000);
  gate.resolve();
  await bed.pass(5_000);
  expect(odoo.calls).toHaveLength(1);
  expect(b.hub.status().worker.workers).toBe(2);
});

test("a worker that wakes beyond its lease begins nothing until it has renewed it, and then takes part again", async () => {
  const { odoo, bed } = await aBed();
  await using _ = bed;
  const gate = Promise.withResolvers<void>();
  const watched = { begun: 0, gate: gate.promise };
  const a = await bed.start("a", { wrap: (ledger) => renewingLate(ledger, watched) });
  a.suspended = true;
  const b = await bed.start("b");
  await bed.until("the other one has all lanes", () => b.lanes === LANES);
  a.suspended = false;
  await a.clock.advance(60_000);
  await bed.during(Promise.all(KEYS.map((key) => a.record({ id: key, key, n: 1 }))));
  await bed.until("the other one applied all of it", () => odoo.effects.length === KEYS.length);
  expect(a.lanes).toBe(LANES);
  expect(watched.begun).toBe(0);
  gate.resolve();
  await bed.until("two share the lanes", evenly(a, b));
  await bed.during(Promise.all(KEYS.map((key) => b.record({ id: `${key}-2`, key, n: 2 }))));
  await bed.until("all is applied", () => odoo.effects.length === KEYS.length * 2);
  expect(watched.begun).toBeGreaterThan(0);
  expect(byKey(odoo.effects)).toEqual(Object.fromEntries(KEYS.map((key) => [key, [1, 2]])));
});

test("a delivery that is begun in the ledger and in nobody's hand is looked up, and then sent", async () => {
  const { odoo, bed } = await aBed();
  await using _ = bed;
  await bed.start("a", { wrap: denyingFirstBegin }).then((a) => a.record({ id: "only", key: "MO-1", n: 1 }));
  await bed.until("it is applied", () => odoo.effects.length === 1);
  expect(odoo.lookups.length).toBe(1);
});

/** The first step that begins to send is stored, and its worker told that it is not. */
function denyingFirstBegin(ledger: Ledger): Ledger {
  let denied = false;
  const commit: Ledger["commit"] = async (group) => {
    const result = await ledger.commit(group);
    const begun = (group.settlements ?? []).filter(({ to }) => to === "sending").map(({ delivery }) => delivery);
    if (denied || begun.length === 0) return result;
    denied = true;
    return { ...result, lost: [...result.lost, ...begun] };
  };
  return withMethods(ledger, { commit });
}

/** Renewals of the lease wait at the gate; deliveries that this worker asked to begin are counted. */
function renewingLate(ledger: Ledger, watched: { begun: number; gate: Promise<void> }): Ledger {
  const late: Pick<Ledger, "commit" | "renewLanes"> = {
    commit: (group) => {
      watched.begun += (group.settlements ?? []).filter(({ to }) => to === "sending").length;
      return ledger.commit(group);
    },
    renewLanes: async (renewal) => {
      await watched.gate;
      return ledger.renewLanes(renewal);
    },
  };
  return withMethods(ledger, late);
}

/** Commits that begin to send are stored, and answered when the gate opens. */
function answeringLate(ledger: Ledger, gate: Promise<void>): Ledger {
  const commit: Ledger["commit"] = async (group) => {
    const result = await ledger.commit(group);
    if (group.settlements?.some(({ to }) => to === "sending") === true) await gate;
    return result;
  };
  return withMethods(ledger, { commit });
}

function withMethods(ledger: Ledger, methods: Partial<Ledger>): Ledger {
  return new Proxy(ledger, {
    get(target, name) {
      const value: unknown = Reflect.get(name in methods ? methods : target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

test("workers whose clocks differ by minutes agree on when something is due", async () => {
  const { odoo, bed } = await aBed();
  await using _ = bed;
  const fast = await bed.start("fast", { wrongMs: 300_000 });
  odoo.down = true;
  await fast.record({ id: "a", key: "MO-1", n: 1 });
  await bed.until("it was tried", () => odoo.calls.length > 0);
  const slow = await bed.start("slow", { wrongMs: -300_000 });
  await bed.stop(fast);
  await bed.until("the other has all lanes", () => slow.lanes === LANES);
  odoo.down = false;
  const before = bed.clock.now();
  await bed.until("it is applied", () => odoo.effects.length === 1);
  expect(bed.clock.now() - before).toBeLessThan(60_000);
});

test("a source that must exist once runs on one worker, and moves when that one goes", async () => {
  const runs: string[] = [];
  let running = 0;
  let most = 0;
  const poller: Source = {
    async run(intake, signal) {
      most = Math.max(most, ++running);
      runs.push("begun");
      intake.listening();
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
      running--;
    },
  };
  const { bed } = await aBed("lookup", () => ({ poller }));
  await using _ = bed;
  const a = await bed.start("a");
  const b = await bed.start("b");
  await bed.until("two share the lanes", evenly(a, b));
  await bed.until("it runs", () => running === 1);
  const stateOf = ({ hub }: TestWorker) => hub.status().systems[0]?.sources[0]?.state;
  expect([stateOf(a), stateOf(b)].sort()).toEqual(["elsewhere", "running"]);
  const [here, there] = stateOf(a) === "running" ? [a, b] : [b, a];
  await bed.stop(here);
  await bed.until("the other one runs it", () => stateOf(there) === "running");
  expect(most).toBe(1);
  expect(laneOf("odoo poller")).toBeLessThan(LANES);
});

test("after two workers vanished, the others send one delivery at a time for a minute; starts beside others are no crashes", async () => {
  const { odoo, bed } = await aBed();
  await using _ = bed;
  const workers = [await bed.start("a"), await bed.start("b"), await bed.start("c"), await bed.start("d")];
  const [a, b, c, d] = workers as [TestWorker, TestWorker, TestWorker, TestWorker];
  await bed.until("four share the lanes", evenly(...workers));
  const most = async (name: string) => {
    odoo.calls.length = 0;
    const applied = odoo.effects.length;
    await bed.during(Promise.all(KEYS.map((key) => d.record({ id: `${key}-${name}`, key, n: 1 }))));
    await bed.until("all is applied", () => odoo.effects.length === applied + KEYS.length);
    return Math.max(...odoo.calls.map((items) => items.length));
  };
  expect(await most("all well")).toBeGreaterThan(1);
  await bed.kill(a);
  await bed.kill(b);
  await bed.until("two share the lanes", evenly(c, d));
  expect(await most("careful")).toBe(1);
  await bed.pass(61_000);
  expect(await most("well again")).toBeGreaterThan(1);
});
