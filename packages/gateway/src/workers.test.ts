import type { CommitGroup, Ledger } from "@lineshaft/core";
import { certificatesMissing } from "@lineshaft/testing";
import { type PostgresServer, startPostgres } from "@lineshaft/testing/postgres";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { upTo } from "./testing/bed.ts";
import { WorkersBed } from "./testing/workers-bed.ts";

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
    bed.leadTo(b);
    await bed.push(11, 20);
    await bed.caughtUp();
    await bed.until("the hub knows what was taken", async () => {
      await bed.clock.advance(1_000);
      return (await rowOf(a))?.through === 20 && (await rowOf(a))?.report?.facts === 0;
    });
    const [one, other] = [await rowOf(a), await rowOf(b)];
    expect(one).toEqual(other);
    // It was linked all the time, whoever heard of it.
    expect(one).toMatchObject({ linked: true, since: gateway.status().startedAt, skewMs: 0 });
    await gateway.stop();
    await bed.clock.advance(61_000);
    expect(await rowOf(a)).toMatchObject({ linked: false, since: one?.heardAt });
  });
});
