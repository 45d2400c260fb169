import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type CursorAct, type Ledger, deliveryId, laneOf } from "@lineshaft/core";
import { type LedgerBed, aMessage } from "./ledger-cases.ts";

/** What every ledger promises of acts of people that are about no delivery. */
export function actCases(name: string, newBed: () => Promise<LedgerBed>): void {
  describe(`${name} keeps what people did`, () => {
    let bed: LedgerBed;
    let ledger: Ledger;

    beforeEach(async () => {
      bed = await newBed();
      ledger = await bed.open();
    });
    afterEach(async () => {
      await ledger.close();
      await bed.dispose();
    });

    const trail = () => ledger.audit({ after: 0, limit: 10 });

    /** A delivery that waits for a person. */
    async function parked(): Promise<number> {
      const [route] = await ledger.registerRoutes([{ flow: "notes", system: "odoo", operation: "apply" }]);
      const { lanes } = await ledger.claimLanes({ worker: "w1", leaseMs: 10_000 });
      const fact = aMessage({ deliveries: [{ route: route?.id ?? 0, supersede: true }] });
      const { messages } = await ledger.commit({ at: 1_000, messages: [fact] });
      const delivery = deliveryId(messages[0]?.message ?? 0, route?.id ?? 0);
      const lane = laneOf(fact.key);
      const parking = { reason: "x", message: "m", next: "n", owner: "o" };
      const step = { from: "pending", to: "parked", at: 2_000, parking } as const;
      const { lost } = await ledger.commit({
        at: 1_000,
        settlements: [{ delivery, lane, fence: lanes[lane]?.fence ?? -1, ...step }],
      });
      if (lost.length > 0) throw new Error("not parked");
      return delivery;
    }

    describe("an act that is about no delivery", () => {
      const publish = (value: string, after: string, over: Partial<CursorAct> = {}) =>
        ledger.actOnCursor({
          kind: "publish",
          who: "ana",
          why: "line 3 \0 is built",
          at: 3_000,
          cursor: { name: "gateways:configuration:hamburg", value, after },
          detail: { gateway: "hamburg", version: Number(value), odd: "\0 \ud800" },
          ...over,
        });
      const place = () => ledger.loadCursor("gateways:configuration:hamburg");

      test("moves what stands under its name, and stands sealed in the audit trail", async () => {
        const first = await publish("1", "");
        expect(first).toEqual({
          id: 1,
          at: 3_000,
          who: "ana",
          act: "publish",
          message: null,
          delivery: null,
          why: "line 3 \0 is built",
          detail: JSON.stringify({ gateway: "hamburg", version: 1, odd: "\0 \ud800" }),
        });
        expect(await place()).toBe("1");
        const second = await publish("2", "1", { kind: "revert", who: "ben", at: 4_000 });
        expect(await place()).toBe("2");
        expect(await trail()).toEqual([first, second]);
        expect(await ledger.verifyAudit()).toMatchObject({ ok: true, commits: 2, rows: 2 });
      });

      test("stands between the acts on deliveries, in their order", async () => {
        const id = await parked();
        await publish("1", "");
        await ledger.act({ kind: "drop", who: "ana", why: "test", at: 3_000, delivery: id });
        await publish("2", "1");
        expect((await trail()).map((e) => [e.id, e.act, e.delivery])).toEqual([
          [1, "publish", null],
          [2, "drop", id],
          [3, "publish", null],
        ]);
        expect(await ledger.verifyAudit()).toMatchObject({ ok: true, rows: 4 });
      });

      test.each([
        ["moved on", "1", "0"],
        ["was not there yet", "1", ""],
        ["is gone, or never was", undefined, "1"],
      ])("is refused when what it was about %s, and leaves no trace", async (_what, stands, after) => {
        if (stands !== undefined) await ledger.saveCursor("gateways:configuration:hamburg", stands);
        const before = await ledger.totals();
        await expect(publish("2", after)).rejects.toMatchObject({
          code: "wrong-state",
          message: expect.stringContaining("gateways:configuration:hamburg") as string,
        });
        expect(await place()).toBe(stands);
        expect(await trail()).toEqual([]);
        expect(await ledger.totals()).toEqual(before);
        // Nothing of it is in the way of the next one.
        expect(await publish("3", stands ?? "")).toMatchObject({ id: 1 });
        expect((await ledger.verifyAudit()).problem).toBeUndefined();
      });

      test("is one of two that are done at once, from where both saw it", async () => {
        const other = await bed.open();
        const act = (by: Ledger, who: string) =>
          by.actOnCursor({
            kind: "publish",
            who,
            why: "test",
            at: 3_000,
            cursor: { name: "n", value: who, after: "" },
            detail: {},
          });
        try {
          const outcomes = await Promise.allSettled([act(ledger, "ana"), act(other, "ben")]);
          expect(outcomes.map((o) => o.status).sort()).toEqual(["fulfilled", "rejected"]);
          const entries = await trail();
          expect(entries).toHaveLength(1);
          expect(await ledger.loadCursor("n")).toBe(entries[0]?.who);
          expect((await other.verifyAudit()).problem).toBeUndefined();
        } finally {
          await other.close();
        }
      });

      test("stands after the ledger was closed and opened again", async () => {
        const entry = await publish("1", "");
        await ledger.close();
        ledger = await bed.open();
        expect([await place(), await trail()]).toEqual(["1", [entry]]);
        await expect(publish("2", "0")).rejects.toMatchObject({ code: "wrong-state" });
        expect(await ledger.verifyAudit()).toMatchObject({ ok: true, rows: 1 });
      });
    });

    describe("what a person says a system calls a thing", () => {
      const thing = { kind: "product", object: "B \0 1", system: "odoo" };
      const identify = (external: string, before?: string, over: Partial<typeof thing> = {}) =>
        ledger.actOnIdentity({
          who: "ana",
          why: "seen \0 in Odoo",
          at: 3_000,
          identity: { ...thing, ...over, external },
          before,
        });

      test("is known both ways, and stands sealed in the audit trail with what it replaced", async () => {
        const first = await identify("71 \0");
        expect(first).toEqual({
          id: 1,
          at: 3_000,
          who: "ana",
          act: "identify",
          message: null,
          delivery: null,
          why: "seen \0 in Odoo",
          detail: JSON.stringify({ ...thing, external: "71 \0", before: null }),
        });
        expect(await ledger.objectOf({ ...thing, external: "71 \0" })).toBe(thing.object);
        const second = await identify("72", "71 \0");
        expect(await ledger.identity(thing)).toBe("72");
        expect(second.detail).toBe(JSON.stringify({ ...thing, external: "72", before: "71 \0" }));
        expect(await trail()).toEqual([first, second]);
        expect(await ledger.verifyAudit()).toMatchObject({ ok: true, commits: 2, rows: 2 });
      });

      test.each([
        ["something else was said meanwhile", "72", "71"],
        ["something was said meanwhile", "72", undefined],
        ["what it replaces was never said", undefined, "71"],
      ])("is refused when %s, and leaves no trace", async (_what, stands, before) => {
        if (stands !== undefined)
          await ledger.learnIdentities([{ ...thing, external: stands, learnedAt: 1, origin: "ben" }]);
        await expect(identify("73", before)).rejects.toMatchObject({ code: "wrong-state" });
        expect(await ledger.identity(thing)).toBe(stands);
        expect(await trail()).toEqual([]);
        expect(await identify("73", stands)).toMatchObject({ id: 1 });
      });

      test("is refused when that system calls another thing so, and leaves no trace", async () => {
        await identify("71");
        await expect(identify("71", undefined, { object: "B2" })).rejects.toMatchObject({
          code: "wrong-state",
          message: `In odoo, product 71 already stands for ${thing.object}.`,
        });
        expect(await ledger.identity({ ...thing, object: "B2" })).toBeUndefined();
        expect(await trail()).toHaveLength(1);
        expect((await ledger.verifyAudit()).problem).toBeUndefined();
      });
    });
  });
}
