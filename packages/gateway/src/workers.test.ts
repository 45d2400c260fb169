import { isDeepStrictEqual } from "node:util";
import { type CommitGroup, type Ledger, laneOf } from "@lineshaft/core";
import { certificatesMissing } from "@lineshaft/testing";
import { type PostgresServer, startPostgres } from "@lineshaft/testing/postgres";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { upTo } from "./testing/bed.ts";
import { type Worker, WorkersBed } from "./testing/workers-bed.ts";

// Two workers and a database, on a machine that others use too.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let server: PostgresServer;

beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server[Symbol.asyncDispose]());

async function aBed(): Promise<WorkersBed> {
  return WorkersBed.open(await server.newDatabase());
}

/** Holds the first commit that moves a gateway's place, until it is let go. */
class Held {
  readonly #gate = Promise.withResolvers<void>();
  holding = false;
  landed = false;

  readonly wrap = (ledger: Ledger): Ledger => {
    const commit: Ledger["commit"] = async (group) => {
      const first = !this.holding && movesPlace(group);
      if (first) {
        this.holding = true;
        await this.#gate.promise;
      }
      const result = await ledger.commit(group);
      if (first) this.landed = true;
      return result;
    };
    return new Proxy(ledger, {
      get: (target, name) => (name === "commit" ? commit : (Reflect.get(target, name, target) as unknown)),
    });
  };

  letGo(): void {
    this.#gate.resolve();
  }
}

function movesPlace({ messages = [], refusals = [] }: CommitGroup): boolean {
  return [...messages, ...refusals].some(({ cursor }) => cursor !== undefined);
}

/** Long enough for many looks, short beside a lease. */
const STEP_MS = 100;

describe.skipIf(certificatesMissing())("a gateway of a hub with two workers on PostgreSQL", () => {
  test("may come to either of them in turn, with nothing lost, twice or out of order", async () => {
    await using bed = await aBed();
    const [a, b] = [await bed.start("a"), await bed.start("b")];
    bed.leadTo(a);
    await bed.startGateway();
    for (let round = 0; round < 16; round++) {
      const pushed = bed.push(round * 25 + 1, round * 25 + 25);
      bed.leadTo(round % 2 === 0 ? b : a);
      await pushed;
      // Every other round goes on while the one before is still on its way.
      if (round % 4 === 3) await bed.caughtUp();
    }
    await bed.caughtUp();
    expect(await bed.standing()).toEqual({ notes: upTo(400), gaps: [] });
  });

  test("goes to the other one when its worker dies", async () => {
    await using bed = await aBed();
    const [a, b] = [await bed.start("a"), await bed.start("b")];
    bed.leadTo(a);
    await bed.startGateway();
    await bed.push(1, 40);
    await bed.caughtUp();
    const pushed = bed.push(41, 120);
    await bed.kill(a);
    bed.leadTo(b);
    await pushed;
    await bed.caughtUp();
    expect(await bed.standing()).toEqual({ notes: upTo(120), gaps: [] });
  });

  test("is asked for nothing again when a worker that was paused in a batch goes on, after another one did its work", async () => {
    await using bed = await aBed();
    const held = new Held();
    const [a, b] = [await bed.start("a", held.wrap), await bed.start("b")];
    bed.leadTo(a);
    const gateway = await bed.startGateway();
    await bed.push(1, 10);
    await bed.until("the worker is paused in its commit", () => held.holding);
    bed.leadTo(b);
    await bed.push(11, 60);
    await bed.caughtUp();
    expect(gateway.buffer.confirmed).toBe(60);
    held.letGo();
    await bed.until("the late commit is there", () => held.landed);
    bed.leadTo(a);
    await bed.push(61, 70);
    await bed.caughtUp();
    expect(await bed.standing()).toEqual({ notes: upTo(70), gaps: [] });
  });

  test("is shown the same by whichever worker is asked", async () => {
    await using bed = await aBed();
    const [a, b] = [await bed.start("a"), await bed.start("b")];
    bed.leadTo(a);
    const gateway = await bed.startGateway();
    await bed.push(1, 10);
    await bed.caughtUp();
    const rowOf = async ({ intake, hub }: typeof a) => (await intake.fleet(hub.ledger, bed.clock.now()))[0];
    await bed.until("the hub knows what was taken", async () => {
      await bed.clock.advance(1_000);
      return (await rowOf(b))?.through === 10 && (await rowOf(b))?.report?.facts === 0;
    });
    const since = (await rowOf(b))?.since;
    expect(since).toBeGreaterThanOrEqual(gateway.status().startedAt);
    bed.leadTo(b);
    await bed.push(11, 20);
    await bed.caughtUp();
    await bed.until("the hub knows what was taken", async () => {
      await bed.clock.advance(1_000);
      return (await rowOf(a))?.through === 20 && (await rowOf(a))?.report?.facts === 0;
    });
    let one = await rowOf(a);
    // A report that is under way may be written between two looks.
    await bed.until("both show the same", async () => isDeepStrictEqual((one = await rowOf(a)), await rowOf(b)));
    // It was linked all the time, whoever heard of it.
    expect(one).toMatchObject({ linked: true, since });
    await gateway.stop();
    await bed.clock.advance(61_000);
    const away = await rowOf(a);
    expect(away).toMatchObject({ linked: false, since: away?.heardAt });
  });
});

describe.skipIf(certificatesMissing())("orders for a gateway, of a hub with two workers on PostgreSQL", () => {
  /** Two workers that share the lanes, and keys of both. */
  async function twoWorkers(bed: WorkersBed, wrapB?: (ledger: Ledger) => Ledger) {
    const [a, b] = [await bed.start("a"), await bed.start("b", wrapB)];
    await bed.until("both have lanes", () => a.hub.lanes().length === 32 && b.hub.lanes().length === 32, STEP_MS);
    const keysOf = ({ hub }: Worker) =>
      upTo(200)
        .map((n) => `MO-${n}`)
        .filter((key) => hub.lanes().includes(laneOf(key)))
        .slice(0, 3);
    return { a, b, ofA: keysOf(a), ofB: keysOf(b) };
  }

  const numbersOf = (bed: WorkersBed, key: string) =>
    bed.taken.filter((order) => order.key === key).map(({ value }) => value.n);
  const numbered = (keys: readonly string[], last: number, key: string) =>
    upTo(last).filter((n) => keys[n % keys.length] === key);

  async function allDone(bed: WorkersBed, count: number): Promise<void> {
    await bed.until(
      "all orders are done",
      async () => {
        const orders = await bed.orders();
        return orders.length === count && orders.every(({ state }) => state === "done");
      },
      STEP_MS,
    );
    await bed.until("all are taken", () => bed.taken.length >= count, STEP_MS);
  }

  function expectOnceInOrder(bed: WorkersBed, keys: readonly string[], last: number): void {
    expect(bed.taken).toHaveLength(last);
    for (const key of keys) expect(numbersOf(bed, key)).toEqual(numbered(keys, last, key));
  }

  test("reach it once and in the order of their keys, though it only ever asks one worker", async () => {
    await using bed = await aBed();
    const { a, b, ofA, ofB } = await twoWorkers(bed);
    const keys = [...ofA, ...ofB];
    bed.leadTo(b);
    await bed.startGateway({ orders: true });
    await bed.order(a, keys, 1, 18);
    await bed.order(b, keys, 19, 36);
    await allDone(bed, 36);
    expectOnceInOrder(bed, keys, 36);
    // It never asked this one, which knows of it all the same.
    expect(await a.hub.check("gateway-client", AbortSignal.timeout(60_000))).toEqual({ ok: true, detail: "is linked" });
  });

  test("come once when the worker that had begun them dies before it knows that they are stored", async () => {
    await using bed = await aBed();
    const { a, b, ofA } = await twoWorkers(bed);
    await bed.order(a, ofA, 1, 9);
    await bed.until("a has begun some", async () => (await bed.orders()).some(({ state }) => state === "sending"));
    bed.leadTo(b);
    await bed.startGateway({ orders: true });
    await bed.until("the gateway has the first ones", () => bed.taken.length >= ofA.length, 1);
    await bed.kill(a);
    await allDone(bed, 9);
    expectOnceInOrder(bed, ofA, 9);
  });

  test("come once when the worker that handed them out dies before it wrote down that they are stored", async () => {
    await using bed = await aBed();
    const { a, b, ofA, ofB } = await twoWorkers(bed);
    const keys = [...ofA, ...ofB];
    bed.leadTo(b);
    await bed.startGateway({ orders: true });
    await bed.order(a, keys, 1, 12);
    await bed.until("the gateway has some", () => bed.taken.length > 0, 1);
    await bed.kill(b);
    bed.leadTo(a);
    await allDone(bed, 12);
    expectOnceInOrder(bed, keys, 12);
  });

  test("come once when what the gateway has stored is lost on its way to the worker that waits for it", async () => {
    await using bed = await aBed();
    let lost = 0;
    // As when another worker, that the gateway came from, writes over it.
    const losing = (ledger: Ledger): Ledger => {
      const saveCursor: Ledger["saveCursor"] = (name, value) => {
        const tells = name === "gateways:orders:client" && !value.includes('"stored":[]');
        return tells && lost++ < 2 ? Promise.resolve() : ledger.saveCursor(name, value);
      };
      return new Proxy(ledger, {
        get: (target, name) => (name === "saveCursor" ? saveCursor : (Reflect.get(target, name, target) as unknown)),
      });
    };
    const { a, b, ofA } = await twoWorkers(bed, losing);
    bed.leadTo(b);
    await bed.startGateway({ orders: true });
    await bed.order(a, ofA, 1, 9);
    await allDone(bed, 9);
    expectOnceInOrder(bed, ofA, 9);
    expect(lost).toBeGreaterThan(2);
  });

  test("come once and in order while it goes from one worker to the other", async () => {
    await using bed = await aBed();
    const { a, b, ofA, ofB } = await twoWorkers(bed);
    const keys = [...ofA, ...ofB];
    bed.leadTo(a);
    await bed.startGateway({ orders: true });
    for (let round = 0; round < 8; round++) {
      await bed.order(round % 2 === 0 ? a : b, keys, round * 6 + 1, round * 6 + 6);
      bed.leadTo(round % 2 === 0 ? b : a);
      await bed.until("it has taken some of this round", () => bed.taken.length > round * 6, STEP_MS);
    }
    await allDone(bed, 48);
    expectOnceInOrder(bed, keys, 48);
  });
});
