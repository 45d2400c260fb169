import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  LANES,
  type LaneClaim,
  type LaneLease,
  type Ledger,
  type News,
  type Route,
  type Settlement,
  deliveryId,
  laneOf,
} from "@lineshaft/core";
import { eventually } from "./eventually.ts";
import { type LedgerBed, type LedgerPowers, aMessage } from "./ledger-cases.ts";

const LEASE_MS = 10_000;

/** What every ledger promises of lanes, and what one for many workers promises of sharing them. */
export function laneCases(
  name: string,
  newBed: () => Promise<LedgerBed>,
  { workers = "one" }: LedgerPowers = {},
): void {
  describe(`${name} shares out lanes`, () => {
    let bed: LedgerBed;
    let ledger: Ledger;
    let route: Route;
    const opened: Ledger[] = [];

    beforeEach(async () => {
      bed = await newBed();
      ledger = await another();
      [route] = (await ledger.registerRoutes([{ flow: "notes", system: "odoo", operation: "apply" }])) as [Route];
    });
    afterEach(async () => {
      await Promise.all(opened.splice(0).map((l) => l.close()));
      await bed.dispose();
    });

    /** One more process on the same ledger. */
    async function another(): Promise<Ledger> {
      const one = await bed.open();
      opened.push(one);
      return one;
    }
    const claim = (on: Ledger, worker: string) => on.claimLanes({ worker, leaseMs: LEASE_MS });
    const renew = (on: Ledger, worker: string) => on.renewLanes({ worker, leaseMs: LEASE_MS });
    const lanesOf = (lease: LaneLease) => lease.lanes.map((c) => c.lane);
    const fences = (lease: LaneLease) => new Map(lease.lanes.map((c: LaneClaim) => [c.lane, c.fence]));
    /** Moves the ledger's own clock. */
    const advance = (ms: number) => bed.advance?.(ms);

    async function accept(sourceId: string, key = "MO-7", on = ledger): Promise<number> {
      const deliveries = [{ route: route.id, supersede: true }];
      const { messages } = await on.commit({ at: 1_000, messages: [aMessage({ sourceId, key, deliveries })] });
      if (messages[0]?.kind !== "accepted") throw new Error("not accepted");
      return deliveryId(messages[0].message, route.id);
    }
    function begin(delivery: number, lease: LaneLease, key = "MO-7"): Settlement {
      const lane = laneOf(key);
      return { delivery, lane, fence: fences(lease).get(lane) ?? -1, from: "pending", to: "sending", at: 2_000 };
    }

    test("a worker alone holds every lane, for the lease it asked for or longer", async () => {
      const lease = await claim(ledger, "w1");
      expect(lanesOf(lease)).toEqual(Array.from({ length: LANES }, (_, lane) => lane));
      expect(lease).toMatchObject({ surplus: 0, workers: 1 });
      expect(lease.leaseMs).toBeGreaterThanOrEqual(LEASE_MS);
      expect((await renew(ledger, "w1")).lanes).toEqual(lease.lanes);
    });

    test("a worker that lost its lane changes nothing any more", async () => {
      const id = await accept("f-1");
      const before = begin(id, await claim(ledger, "w1"));
      await ledger.releaseLanes({ worker: "w1" });
      const after = begin(id, await claim(ledger, "w2"));
      expect((await ledger.commit({ at: 1, settlements: [before] })).lost).toEqual([id]);
      expect((await ledger.deliveries({ ids: [id], limit: 1 }))[0]?.state).toBe("pending");
      expect((await ledger.commit({ at: 1, settlements: [after] })).lost).toEqual([]);
    });

    test("each lane has one owner at a time, and a higher fence with each", async () => {
      const lane = laneOf("MO-7");
      const before = fences(await claim(ledger, "w1")).get(lane) ?? 0;
      await ledger.releaseLanes({ worker: "w1" });
      const lease = await claim(ledger, "w2");
      expect(fences(lease).get(lane)).toBeGreaterThan(before);
      expect((await renew(ledger, "w1")).lanes).toEqual([]);
      expect((await renew(ledger, "w2")).lanes).toEqual(lease.lanes);
    });

    test("what a process of the same name had under way is turned away", async () => {
      const id = await accept("f-1");
      const before = begin(id, await claim(ledger, "w1"));
      const after = begin(id, await claim(ledger, "w1"));
      expect(after.fence).toBeGreaterThan(before.fence);
      expect((await ledger.commit({ at: 1, settlements: [before] })).lost).toEqual([id]);
      expect((await ledger.commit({ at: 1, settlements: [after] })).lost).toEqual([]);
    });

    test("a lane given back alone is lost alone", async () => {
      const id = await accept("f-1", "MO-7");
      const other = await accept("f-2", "MO-8");
      const lease = await claim(ledger, "w1");
      await ledger.releaseLanes({ worker: "w1", lanes: [laneOf("MO-7")] });
      const { lost } = await ledger.commit({ at: 1, settlements: [begin(id, lease), begin(other, lease, "MO-8")] });
      expect(lost).toEqual([id]);
    });

    const many = workers === "many" ? test : test.skip;

    many("who comes later gets a fair share as soon as it is given back", async () => {
      const second = await another();
      const third = await another();
      const first = await claim(ledger, "w1");
      expect(await claim(second, "w2")).toMatchObject({ lanes: [], surplus: 0, workers: 2 });
      const held = await renew(ledger, "w1");
      expect(held).toMatchObject({ lanes: first.lanes, surplus: 32, workers: 2 });
      await ledger.releaseLanes({ worker: "w1", lanes: lanesOf(held).slice(-32) });
      expect(lanesOf(await renew(second, "w2"))).toEqual(lanesOf(held).slice(-32));
      await claim(third, "w3");
      const surplus = [(await renew(ledger, "w1")).surplus, (await renew(second, "w2")).surplus];
      expect(surplus).toEqual([10, 10]);
      await ledger.releaseLanes({ worker: "w1", lanes: lanesOf(await renew(ledger, "w1")).slice(-10) });
      await second.releaseLanes({ worker: "w2", lanes: lanesOf(await renew(second, "w2")).slice(-10) });
      expect((await renew(third, "w3")).lanes).toHaveLength(20);
      const all = [await renew(ledger, "w1"), await renew(second, "w2"), await renew(third, "w3")];
      expect(all.map((l) => [l.lanes.length, l.surplus, l.workers])).toEqual([
        [22, 0, 3],
        [22, 0, 3],
        [20, 0, 3],
      ]);
      expect(new Set(all.flatMap(lanesOf)).size).toBe(LANES);
    });

    many(
      "who does not renew in time loses its lanes to the others, and what it had under way is turned away",
      async () => {
        const second = await another();
        const id = await accept("f-1");
        const late = begin(id, await claim(ledger, "w1"));
        await claim(second, "w2");
        await advance(LEASE_MS - 1);
        expect((await renew(second, "w2")).lanes).toEqual([]);
        await advance(2);
        const taken = await renew(second, "w2");
        expect(taken).toMatchObject({ surplus: 0, workers: 1 });
        expect(taken.lanes).toHaveLength(LANES);
        expect((await ledger.commit({ at: 1, settlements: [late] })).lost).toEqual([id]);
        expect((await second.commit({ at: 1, settlements: [begin(id, taken)] })).lost).toEqual([]);
        // It comes back, and is given lanes like anybody else.
        expect((await renew(ledger, "w1")).lanes).toEqual([]);
        expect((await renew(second, "w2")).surplus).toBe(32);
      },
    );

    many("who renews late while nobody took its lanes goes on as before", async () => {
      const lease = await claim(ledger, "w1");
      await advance(LEASE_MS * 3);
      expect((await renew(ledger, "w1")).lanes).toEqual(lease.lanes);
    });

    many("who said goodbye is not brought back by a late renewal", async () => {
      const second = await another();
      await claim(ledger, "w1");
      await claim(second, "w2");
      await ledger.releaseLanes({ worker: "w1" });
      expect(await renew(ledger, "w1")).toMatchObject({ lanes: [], workers: 1 });
      expect(await renew(second, "w2")).toMatchObject({ surplus: 0, workers: 1 });
      expect((await renew(second, "w2")).lanes).toHaveLength(LANES);
    });

    many("an earlier process of the same name is told that it holds nothing", async () => {
      const second = await another();
      await claim(ledger, "w1");
      const lease = await claim(second, "w1");
      expect(lease).toMatchObject({ workers: 1 });
      expect((await renew(ledger, "w1")).lanes).toEqual([]);
      expect((await renew(second, "w1")).lanes).toEqual(lease.lanes);
    });

    many("a commit says what others accepted before it", async () => {
      const second = await another();
      const message = (sourceId: string) => ({ at: 1, messages: [aMessage({ sourceId })] });
      const accepted = async (on: Ledger, sourceId: string) => {
        const { messages, newestBefore } = await on.commit(message(sourceId));
        return [newestBefore, messages[0]?.message ?? 0] as const;
      };
      const [, first] = await accepted(ledger, "a");
      const [before, theirs] = await accepted(second, "b");
      expect(before).toBe(first);
      expect((await accepted(ledger, "c"))[0]).toBe(theirs);
    });

    many("commits of two processes have one order, and the same fact is accepted once", async () => {
      const second = await another();
      const group = (from: number) => ({
        at: 1,
        messages: Array.from({ length: 20 }, (_, i) => aMessage({ sourceId: `f-${from + i}` })),
      });
      const results = await Promise.all(
        Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? ledger : second).commit(group(Math.floor(i / 2) * 10))),
      );
      const ids = results.flatMap((r) => r.messages.filter((m) => m.kind === "accepted").map((m) => m.message));
      expect(new Set(ids).size).toBe(110);
      const stored = (await ledger.messages({ limit: 1_000 })).map((m) => m.id);
      expect(stored).toEqual([...ids].sort((a, b) => a - b));
      expect((await ledger.totals()).duplicates).toBe(400 - 110);
      expect(await second.verifyAudit()).toMatchObject({ ok: true, rows: 400 });
    });

    many("others hear what was accepted, who acted and who came, and nobody hears itself", async () => {
      const second = await another();
      await claim(ledger, "w1");
      await claim(second, "w2");
      const heard: News[] = [];
      const own: News[] = [];
      const stop = second.follow((news) => heard.push(news));
      ledger.follow((news) => own.push(news));
      // Once it listens, it says to look at everything.
      await eventually("both listen", () => heard.length >= 3 && own.length >= 3);
      heard.length = 0;
      own.length = 0;
      const id = await accept("f-1", "MO-7");
      const acceptedHeard = () => heard.some((n) => n.kind === "accepted" && n.lanes.includes(laneOf("MO-7")));
      await eventually("the fact is heard", acceptedHeard, () => heard);
      const lease = await renew(ledger, "w1");
      const parking = { reason: "x", message: "m", next: "n", owner: "o" };
      await ledger.commit({ at: 1, settlements: [{ ...begin(id, lease), to: "parked", parking }] });
      await ledger.act({ kind: "drop", who: "ana", why: "test", at: 1, delivery: id });
      await eventually("the act is heard", () => heard.some((n) => n.kind === "acts"));
      await ledger.releaseLanes({ worker: "w1", lanes: [1] });
      await eventually("the free lane is heard", () => heard.some((n) => n.kind === "workers"));
      expect(own).toEqual([]);
      stop();
    });
  });
}
