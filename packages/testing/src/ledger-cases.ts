import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  type CommitGroup,
  type LaneClaim,
  type Ledger,
  type NewMessage,
  type Route,
  type Settlement,
  deliveryId,
  laneOf,
} from "@lineshaft/core";
import { actCases } from "./act-cases.ts";
import { laneCases } from "./lane-cases.ts";

/** A ledger of a test: opened, opened again after a stop or a crash, taken away at the end. */
export interface LedgerBed {
  /** Each is a process of its own on the same ledger. */
  open(): Promise<Ledger>;
  /** Moves the ledger's own clock on; only of a ledger for many workers. */
  advance?(ms: number): Promise<void>;
  dispose(): Promise<void>;
}

export interface LedgerPowers {
  /** Whether several processes work on one ledger; default `one`. */
  workers?: "one" | "many";
}

const LEASE_MS = 10_000;

export function aMessage(over: Partial<NewMessage> = {}): NewMessage {
  const sourceId = over.sourceId ?? "f-1";
  return {
    source: "mes",
    sourceId,
    contract: "note.v1",
    object: "MO-7",
    key: "MO-7",
    eventTime: 500,
    receivedTime: 1_000,
    received: JSON.stringify({ id: sourceId, key: over.key ?? "MO-7" }),
    deliveries: [],
    ...over,
  };
}

/** What every ledger promises. Run over each store with `ledgerCases("sqlite", …)`. */
export function ledgerCases(name: string, newBed: () => Promise<LedgerBed>, powers: LedgerPowers = {}): void {
  laneCases(name, newBed, powers);
  actCases(name, newBed);
  describe(`${name} keeps a ledger's promises`, () => {
    let bed: LedgerBed;
    let ledger: Ledger;
    let routes: Route[];
    let claims: Map<number, LaneClaim>;

    beforeEach(async () => {
      bed = await newBed();
      ledger = await bed.open();
      routes = await ledger.registerRoutes([
        { flow: "notes", system: "odoo", operation: "apply" },
        { flow: "notes", system: "s4", operation: "post" },
      ]);
      claims = await claim();
    });
    afterEach(async () => {
      await ledger.close();
      await bed.dispose();
    });

    async function claim(worker = "w1"): Promise<Map<number, LaneClaim>> {
      return new Map((await ledger.claimLanes({ worker, leaseMs: LEASE_MS })).lanes.map((c) => [c.lane, c]));
    }
    const to = (...at: number[]) => at.map((i) => ({ route: routes[i]?.id ?? 0, supersede: true }));
    const commit = (group: Partial<CommitGroup>) => ledger.commit({ at: 1_000, ...group });
    async function accept(over: Partial<NewMessage> = {}): Promise<number> {
      const { messages } = await commit({ messages: [aMessage({ deliveries: to(0), ...over })] });
      if (messages[0]?.kind !== "accepted") throw new Error("not accepted");
      return messages[0].message;
    }
    const delivery = (message: number, at = 0) => deliveryId(message, routes[at]?.id ?? 0);
    function step(id: number, over: Partial<Settlement> & Pick<Settlement, "from" | "to">, key = "MO-7"): Settlement {
      const lane = laneOf(key);
      return { delivery: id, lane, fence: claims.get(lane)?.fence ?? -1, at: 2_000, ...over };
    }
    const sent = { kind: "send" as const, startedAt: 1_500, endedAt: 2_000 };
    const open = (system = "odoo", after = 0) =>
      ledger.openDeliveries({ system, lanes: [...claims.keys()], after, limit: 100 });
    const stateOf = async (id: number) => (await ledger.deliveries({ ids: [id], limit: 1 }))[0]?.state;
    const latestOf = async (object: string, sources?: readonly string[]) => {
      const found = (await ledger.latest({ contract: "level.v1", objects: [object], sources })).get(object);
      return found === undefined ? undefined : (JSON.parse(found) as { id: string });
    };

    test("a fact stands as it was received, with one pending delivery per route", async () => {
      const id = await accept({
        deliveries: to(0, 1),
        received: '{"id":"f-1",  "key":"MO-7"}',
        origin: "topic/x",
        trace: "00-a-b-01",
      });
      const message = await ledger.message(id);
      expect(message).toMatchObject({
        source: "mes",
        sourceId: "f-1",
        key: "MO-7",
        eventTime: 500,
        origin: "topic/x",
        trace: "00-a-b-01",
      });
      expect(Buffer.from(message?.received ?? []).toString()).toBe('{"id":"f-1",  "key":"MO-7"}');
      expect(
        (await ledger.deliveries({ messages: [id], limit: 10 })).map((d) => [d.system, d.operation, d.state]),
      ).toEqual([
        ["odoo", "apply", "pending"],
        ["s4", "post", "pending"],
      ]);
    });

    test("bytes that are no text stand as they were received", async () => {
      const id = await accept({ received: Uint8Array.from([0, 255, 1]), canonical: '{"n":1}' });
      const message = await ledger.message(id);
      expect([...(message?.received ?? [])]).toEqual([0, 255, 1]);
      expect(message?.canonical).toBe('{"n":1}');
    });

    test("the same fact again is told, recorded, and makes no further delivery", async () => {
      const first = await accept();
      const { messages } = await commit({
        messages: [aMessage({ deliveries: to(0) }), aMessage({ received: "{}", deliveries: to(0) })],
      });
      expect(messages).toEqual([
        { kind: "duplicate", message: first, differs: false },
        { kind: "duplicate", message: first, differs: true },
      ]);
      expect((await ledger.message(first))?.duplicates).toBe(2);
      expect(await open()).toHaveLength(1);
      expect(await ledger.totals()).toMatchObject({ messages: 1, duplicates: 2 });
    });

    test("the same fact twice in one commit is accepted once", async () => {
      const { messages } = await commit({
        messages: [aMessage({ deliveries: to(0) }), aMessage({ deliveries: to(0) })],
      });
      expect(messages.map((m) => m.kind)).toEqual(["accepted", "duplicate"]);
    });

    test("the same id of another source is another fact", async () => {
      await accept();
      expect((await commit({ messages: [aMessage({ source: "wms" })] })).messages[0]?.kind).toBe("accepted");
    });

    test("a refused fact is kept as evidence with its findings", async () => {
      const finding = { field: "/n", rule: "note.negative", value: "-1", fix: "Send a number that is not negative." };
      const { refusals } = await commit({
        refusals: [
          {
            source: "mes",
            contract: "note.v1",
            receivedTime: 1_000,
            received: Buffer.from("{bad"),
            receivedBytes: 9_000,
            findings: [finding],
          },
        ],
      });
      expect(refusals).toHaveLength(1);
      const [kept] = await ledger.refusals({ after: 0, limit: 10 });
      expect(kept).toMatchObject({ id: refusals[0], source: "mes", receivedBytes: 9_000, findings: [finding] });
      expect(Buffer.from(kept?.received ?? []).toString()).toBe("{bad");
    });

    test("open deliveries come in the order of acceptance, of one system, page by page", async () => {
      const ids: number[] = [];
      for (let i = 0; i < 5; i++) ids.push(await accept({ sourceId: `f-${i}`, key: `k-${i}`, deliveries: to(0, 1) }));
      expect((await open()).map((d) => d.id)).toEqual(ids.map((m) => delivery(m)));
      const page = await ledger.openDeliveries({
        system: "s4",
        lanes: [...claims.keys()],
        after: delivery(ids[1] ?? 0, 1),
        limit: 2,
      });
      expect(page.map((d) => d.id)).toEqual([delivery(ids[2] ?? 0, 1), delivery(ids[3] ?? 0, 1)]);
      expect(page.map((d) => d.key)).toEqual(["k-2", "k-3"]);
    });

    test("open deliveries of one key leave out other keys, other systems and what is finished", async () => {
      const first = await accept({ sourceId: "a", deliveries: to(0, 1) });
      await accept({ sourceId: "b", key: "MO-8", deliveries: to(0, 1) });
      const third = await accept({ sourceId: "c", deliveries: to(0, 1) });
      const ofKey = (after: number) => ledger.openOfKey({ system: "odoo", key: "MO-7", after, limit: 10 });
      expect((await ofKey(0)).map((d) => d.id)).toEqual([delivery(first), delivery(third)]);
      await commit({ settlements: [step(delivery(first), { from: "pending", to: "sending" })] });
      await commit({
        settlements: [
          step(delivery(first), { from: "sending", to: "done", attempt: { ...sent, outcome: "done", receipt: "r" } }),
        ],
      });
      expect((await ofKey(0)).map((d) => d.id)).toEqual([delivery(third)]);
      expect(await ofKey(delivery(third))).toEqual([]);
    });

    test("a delivery goes pending, sending, done, with its attempt and receipt", async () => {
      const id = delivery(await accept());
      await commit({ settlements: [step(id, { from: "pending", to: "sending" })] });
      expect(await stateOf(id)).toBe("sending");
      const attempt = {
        ...sent,
        outcome: "done" as const,
        receipt: "WH/MO/1",
        request: '{"q":1}',
        response: '{"ok":true}',
      };
      const { lost } = await commit({ settlements: [step(id, { from: "sending", to: "done", attempt })] });
      expect(lost).toEqual([]);
      expect((await ledger.deliveries({ ids: [id], limit: 1 }))[0]).toMatchObject({
        state: "done",
        receipt: "WH/MO/1",
        attempts: 1,
      });
      expect(await ledger.attempts(id)).toEqual([{ ...attempt, delivery: id, n: 1 }]);
      expect(await open()).toEqual([]);
    });

    test("a step from another state than the delivery is in changes nothing and is told", async () => {
      const id = delivery(await accept());
      const { lost } = await commit({
        settlements: [step(id, { from: "sending", to: "done", attempt: { ...sent, outcome: "done" } })],
      });
      expect(lost).toEqual([id]);
      expect(await stateOf(id)).toBe("pending");
      expect(await ledger.attempts(id)).toEqual([]);
    });

    test("of one commit, what fits is stored, and only what does not fit is told", async () => {
      const first = delivery(await accept({ sourceId: "f-1" }));
      const second = delivery(await accept({ sourceId: "f-2" }));
      const third = delivery(await accept({ sourceId: "f-3" }));
      await commit({ settlements: [step(first, { from: "pending", to: "sending" })] });
      const attempt = { ...sent, outcome: "done" as const };
      const { lost, messages } = await commit({
        messages: [aMessage({ sourceId: "f-4" })],
        settlements: [
          step(first, { from: "sending", to: "done", attempt }),
          step(second, { from: "sending", to: "done", attempt }),
          step(third, { from: "pending", to: "sending" }),
        ],
      });
      expect(messages).toMatchObject([{ kind: "accepted" }]);
      expect(lost).toEqual([second]);
      expect(await Promise.all([first, second, third].map(stateOf))).toEqual(["done", "pending", "sending"]);
      expect(await ledger.attempts(second)).toEqual([]);
      expect((await ledger.verifyAudit()).ok).toBe(true);
    });

    test("a retry keeps its time, its count and its attempts", async () => {
      const id = delivery(await accept());
      await commit({ settlements: [step(id, { from: "pending", to: "sending" })] });
      const attempt = { ...sent, outcome: "unavailable" as const, message: "No answer." };
      await commit({ settlements: [step(id, { from: "sending", to: "pending", dueAt: 9_000, tries: 1, attempt })] });
      expect((await open())[0]).toMatchObject({ state: "pending", dueAt: 9_000, tries: 1, attempts: 1 });
    });

    test("a parked delivery says why, whose it is and what to do, and stays among the open ones", async () => {
      const id = delivery(await accept());
      const parking = {
        reason: "lot-exists",
        message: "Lot L-77 exists.",
        next: "Correct the lot.",
        owner: "production",
      };
      await commit({ settlements: [step(id, { from: "pending", to: "parked", parking })] });
      const [parked] = await ledger.deliveries({ states: ["parked"], limit: 10 });
      expect(parked).toMatchObject({ id, parking });
      expect((await open())[0]?.state).toBe("parked");
    });

    test("what a worker had in hand is found, and nothing else", async () => {
      const sending = delivery(await accept({ sourceId: "a", key: "k1" }));
      const checking = delivery(await accept({ sourceId: "b", key: "k2" }));
      await accept({ sourceId: "c", key: "k3" });
      await commit({
        settlements: [
          step(sending, { from: "pending", to: "sending" }, "k1"),
          step(checking, { from: "pending", to: "checking", dueAt: 7 }, "k2"),
        ],
      });
      const inHand = await ledger.inHand([...claims.keys()]);
      expect(inHand.map((d) => [d.id, d.state, d.system])).toEqual([
        [sending, "sending", "odoo"],
        [checking, "checking", "odoo"],
      ]);
      expect(await ledger.inHand([...claims.keys()], "odoo")).toEqual(inHand);
      expect(await ledger.inHand([...claims.keys()], "erp")).toEqual([]);
    });

    test("an older version of a state is suppressed, a newer one makes the unsent older one moot", async () => {
      const level = (sourceId: string, version: string) =>
        accept({ sourceId, version, contract: "level.v1", deliveries: to(0) });
      const second = await level("v9", "9");
      const stale = await level("v8", "8");
      expect(await stateOf(delivery(stale))).toBe("suppressed");
      const third = await commit({
        messages: [aMessage({ sourceId: "v10", version: "10", contract: "level.v1", deliveries: to(0) })],
      });
      expect(third.messages[0]).toMatchObject({ kind: "accepted", superseded: [delivery(second)] });
      expect(await stateOf(delivery(second))).toBe("superseded");
      expect(await latestOf("MO-7")).toMatchObject({ id: "v10" });
    });

    test("what sources say of objects that they call the same is told apart", async () => {
      const level = (source: string, sourceId: string, version: string) =>
        accept({ source, sourceId, version, contract: "level.v1", deliveries: to(0) });
      await level("pune/mes", "p-5", "5");
      await level("lyon/mes", "l-3", "3");
      const idOf = async (...sources: string[]) => (await latestOf("MO-7", sources))?.id;
      expect([await idOf("pune/mes"), await idOf("lyon/mes", "s4")]).toEqual(["p-5", "l-3"]);
      expect([await idOf("s4"), await idOf()]).toEqual([undefined, undefined]);
      expect(await latestOf("MO-7")).toMatchObject({ id: "l-3" });
    });

    test("the newest state of many objects is told at once, each under its own name", async () => {
      const level = (object: string, version: string) =>
        aMessage({ sourceId: `${object}-${version}`, object, version, contract: "level.v1", deliveries: to(0) });
      const long = "o".repeat(3_000);
      await commit({
        messages: [level("a", "1"), level("b", "1"), level("a", "2"), level("b\0", "1"), level(long, "1")],
      });
      const objects = ["b\0", "a", "nobody's", long, "b", "a"];
      const found = await ledger.latest({ contract: "level.v1", objects });
      const ids = [...found].map(([object, told]) => [object, (JSON.parse(told) as { id: string }).id] as const);
      expect(new Map(ids)).toEqual(
        new Map([
          ["a", "a-2"],
          ["b", "b-1"],
          ["b\0", "b\0-1"],
          [long, `${long}-1`],
        ]),
      );
      expect(await ledger.latest({ contract: "note.v1", objects })).toEqual(new Map());
      expect(await ledger.latest({ contract: "level.v1", objects: [] })).toEqual(new Map());
    });

    test("a newer version leaves alone what was already sent, and routes that keep every version", async () => {
      const first = await accept({ sourceId: "v1", version: "1", deliveries: to(0, 1) });
      await commit({ settlements: [step(delivery(first), { from: "pending", to: "sending" })] });
      const { messages } = await commit({
        messages: [
          aMessage({ sourceId: "v2", version: "2", deliveries: to(0, 1).map((d) => ({ ...d, supersede: false })) }),
        ],
      });
      expect(messages[0]).toMatchObject({ superseded: [] });
      expect([await stateOf(delivery(first)), await stateOf(delivery(first, 1))]).toEqual(["sending", "pending"]);
    });

    test("versions count within one commit as they do over several", async () => {
      const level = (sourceId: string, version: string) =>
        aMessage({ sourceId, version, contract: "level.v1", deliveries: to(0) });
      const { messages } = await commit({
        messages: [level("a", "9"), level("b", "10"), level("c", "8"), level("d", "10"), level("e", "07")],
      });
      const ids = messages.map((m) => delivery(m.message));
      expect(messages.map((m) => m.kind === "accepted" && m.superseded)).toEqual([[], [ids[0]], [], [ids[1]], []]);
      expect(await Promise.all(ids.map(stateOf))).toEqual([
        "superseded",
        "superseded",
        "suppressed",
        "pending",
        "suppressed",
      ]);
      expect(await ledger.counts({ open: true })).toMatchObject([{ state: "pending", count: 1 }]);
      expect(await latestOf("MO-7")).toMatchObject({ id: "d" });
    });

    test("characters that a database may not like stand as they came, and break nothing of their group", async () => {
      const odd = { sourceId: "a\0b", key: "k\0\u001a0000", object: "o\0", origin: "t\0", version: "1\0" };
      const { messages } = await commit({
        messages: [
          aMessage({ ...odd, received: "{}", canonical: '"\0"', deliveries: to(0) }),
          aMessage({ sourceId: "plain" }),
          aMessage({ sourceId: "a" }),
        ],
      });
      expect(messages.map((m) => m.kind)).toEqual(["accepted", "accepted", "accepted"]);
      const id = messages[0]?.message ?? 0;
      expect(await ledger.message(id)).toMatchObject({ ...odd, canonical: '"\0"' });
      expect((await ledger.messages({ key: odd.key, limit: 10 })).map((m) => m.id)).toEqual([id]);
      expect((await ledger.openOfKey({ system: "odoo", key: odd.key, after: 0, limit: 10 }))[0]?.key).toBe(odd.key);
      const attempt = { ...sent, outcome: "done" as const, receipt: "r\0", request: "\0", message: "\0" };
      await commit({ settlements: [step(delivery(id), { from: "pending", to: "done", attempt }, odd.key)] });
      expect(await ledger.attempts(delivery(id))).toEqual([{ ...attempt, delivery: delivery(id), n: 1 }]);
      expect((await commit({ messages: [aMessage({ ...odd, received: "{}", canonical: '"\0"' })] })).messages).toEqual([
        { kind: "duplicate", message: id, differs: false },
      ]);
      expect((await ledger.verifyAudit()).problem).toBeUndefined();
    });

    test("ids and keys may be as long as a payload, and break nothing of their group", async () => {
      const long = (name: string) => name + Array.from({ length: 6_000 }, (_, i) => ((i * 7_919) % 9_973) * i).join("");
      const odd = { sourceId: long("s"), key: long("k"), object: long("o") };
      const message = { ...odd, contract: "level.v1", version: "1", deliveries: to(0) };
      const { messages } = await commit({ messages: [aMessage(message), aMessage({ sourceId: "plain" })] });
      expect(messages.map((m) => m.kind)).toEqual(["accepted", "accepted"]);
      const id = messages[0]?.message ?? 0;
      expect(await ledger.message(id)).toMatchObject(odd);
      for (const filter of [{ key: odd.key }, { object: odd.object }, { sourceId: odd.sourceId }])
        expect((await ledger.messages({ ...filter, limit: 10 })).map((m) => m.id)).toEqual([id]);
      expect(await ledger.messages({ key: odd.key.slice(0, -1), limit: 10 })).toEqual([]);
      expect(await ledger.openOfKey({ system: "odoo", key: odd.key, after: 0, limit: 10 })).toHaveLength(1);
      const second = [aMessage(message), aMessage({ ...message, sourceId: `${odd.sourceId}x`, version: "2" })];
      expect((await commit({ messages: second })).messages).toMatchObject([
        { kind: "duplicate", differs: false },
        { kind: "accepted", superseded: [delivery(id)] },
      ]);
      expect(await latestOf(odd.object)).toMatchObject({ id: `${odd.sourceId}x` });
      expect((await ledger.verifyAudit()).problem).toBeUndefined();
    });

    test("payloads come canonical, and edited where a person edited", async () => {
      const message = await accept();
      const id = delivery(message);
      expect((await ledger.payloads([{ id, edited: false }])).get(id)).toMatchObject({
        sourceId: "f-1",
        key: "MO-7",
        canonical: '{"id":"f-1","key":"MO-7"}',
      });
      const parking = { reason: "x", message: "m", next: "n", owner: "o" };
      await commit({ settlements: [step(id, { from: "pending", to: "parked", parking })] });
      await ledger.act({
        kind: "edit",
        who: "ana",
        why: "wrong key",
        at: 3_000,
        delivery: id,
        canonical: '{"id":"f-1","key":"MO-9"}',
        difference: [{ field: "/key" }],
      });
      expect((await ledger.payloads([{ id, edited: true }])).get(id)?.canonical).toBe('{"id":"f-1","key":"MO-9"}');
      expect((await ledger.message(message))?.canonical).toBe('{"id":"f-1","key":"MO-7"}');
      expect((await ledger.audit({ after: 0, limit: 10 }))[0]).toMatchObject({
        who: "ana",
        why: "wrong key",
        act: "edit",
        delivery: id,
        detail: '[{"field":"/key"}]',
      });
    });

    test("an act is refused in a state that does not allow it, and leaves no trace", async () => {
      const id = delivery(await accept());
      const act = { who: "ana", why: "test", at: 3_000, delivery: id };
      await expect(ledger.act({ kind: "resend", ...act })).rejects.toMatchObject({ code: "wrong-state" });
      await expect(ledger.act({ kind: "confirm", receipt: "r", ...act })).rejects.toMatchObject({
        code: "wrong-state",
      });
      await expect(ledger.act({ kind: "drop", ...act, delivery: 4_242_424 })).rejects.toMatchObject({
        code: "not-found",
      });
      expect(await ledger.audit({ after: 0, limit: 10 })).toEqual([]);
    });

    test("resend, confirm and drop end a parked delivery as they say", async () => {
      const parking = { reason: "x", message: "m", next: "n", owner: "o" };
      const ids = [];
      for (const key of ["a", "b", "c"]) {
        const id = delivery(await accept({ sourceId: key, key }));
        await commit({ settlements: [step(id, { from: "pending", to: "parked", parking }, key)] });
        ids.push(id);
      }
      const by = { who: "ana", why: "looked", at: 3_000 };
      await ledger.act({ kind: "resend", delivery: ids[0] ?? 0, ...by });
      await ledger.act({ kind: "confirm", delivery: ids[1] ?? 0, receipt: "MO/1", ...by });
      await ledger.act({ kind: "drop", delivery: ids[2] ?? 0, ...by });
      const states = (await ledger.deliveries({ ids, limit: 3 })).map((d) => [d.state, d.parking, d.receipt]);
      expect(states).toEqual([
        ["pending", null, null],
        ["done", null, "MO/1"],
        ["dropped", null, null],
      ]);
      expect((await ledger.verifyAudit()).problem).toBeUndefined();
    });

    test("a delivery can be made later for a route that is new, once", async () => {
      const message = await accept();
      const act = {
        kind: "create" as const,
        who: "ana",
        why: "new target",
        at: 3_000,
        message,
        route: routes[1]?.id ?? 0,
      };
      const { deliveryId: id } = await ledger.act(act);
      expect(id).toBe(delivery(message, 1));
      expect(await stateOf(id)).toBe("pending");
      await expect(ledger.act(act)).rejects.toMatchObject({ code: "wrong-state" });
    });

    test("counts say how many deliveries are in which state", async () => {
      const id = delivery(await accept({ sourceId: "a", key: "k1" }));
      await accept({ sourceId: "b", key: "k2" });
      await commit({ settlements: [step(id, { from: "pending", to: "sending" }, "k1")] });
      await commit({
        settlements: [
          step(id, { from: "sending", to: "done", attempt: { ...sent, outcome: "done", receipt: "r" } }, "k1"),
        ],
      });
      const count = { flow: "notes", system: "odoo", operation: "apply" };
      expect(await ledger.counts({ open: true })).toEqual([{ ...count, state: "pending", count: 1 }]);
      expect(await ledger.counts({ open: false })).toEqual([
        { ...count, state: "done", count: 1 },
        { ...count, state: "pending", count: 1 },
      ]);
      expect(await ledger.totals()).toMatchObject({ messages: 2, attempts: 1, duplicates: 0, refusals: 0 });
    });

    test("everything stands after the ledger was closed and opened again", async () => {
      const id = delivery(await accept());
      await commit({ settlements: [step(id, { from: "pending", to: "sending" })] });
      await ledger.saveCursor("poll", "2026-01-05");
      const own = ledger.id;
      await ledger.close();
      ledger = await bed.open();
      // A crashed process comes back under its name: what it held is taken anew.
      claims = await claim();
      expect(ledger.id).toBe(own);
      expect(await ledger.routes()).toEqual(routes);
      expect((await open()).map((d) => [d.id, d.state])).toEqual([[id, "sending"]]);
      expect(await ledger.loadCursor("poll")).toBe("2026-01-05");
      expect((await commit({ messages: [aMessage()] })).messages[0]?.kind).toBe("duplicate");
    });

    test("routes keep their numbers, and new ones get new numbers", async () => {
      const again = await ledger.registerRoutes([
        { flow: "notes", system: "s4", operation: "post" },
        { flow: "more", system: "s4", operation: "post" },
      ]);
      expect(again[0]).toEqual(routes[1]);
      expect(routes.map((r) => r.id)).not.toContain(again[1]?.id);
    });

    test("messages are found by key, object, source, contract, text and time", async () => {
      const first = await accept({ sourceId: "a", object: "LOT-1", received: '{"text":"needle"}' });
      const second = await accept({ sourceId: "b", key: "MO-8", object: "MO-8", source: "wms", receivedTime: 5_000 });
      const find = async (filter: object) => (await ledger.messages({ limit: 10, ...filter })).map((m) => m.id);
      expect(await find({ key: "MO-7" })).toEqual([first]);
      expect(await find({ object: "LOT-1" })).toEqual([first]);
      expect(await find({ object: "MO-8" })).toEqual([second]);
      expect(await find({ source: "wms" })).toEqual([second]);
      expect(await find({ search: "needle" })).toEqual([first]);
      expect(await find({ from: 2_000 })).toEqual([second]);
      expect(await find({ to: 2_000 })).toEqual([first]);
      expect(await find({ newestFirst: true })).toEqual([second, first]);
      expect(await find({ contract: "other.v1" })).toEqual([]);
    });

    test("identities are learned, looked up both ways, and never stand for two things", async () => {
      const identity = { kind: "product", object: "B1", system: "odoo", external: "71", learnedAt: 1, origin: "ana" };
      await ledger.learnIdentities([identity]);
      expect(await ledger.identity({ kind: "product", object: "B1", system: "odoo" })).toBe("71");
      expect(await ledger.objectOf({ kind: "product", system: "odoo", external: "71" })).toBe("B1");
      await ledger.learnIdentities([{ ...identity, external: "72" }]);
      expect(await ledger.identity({ kind: "product", object: "B1", system: "odoo" })).toBe("72");
      await expect(ledger.learnIdentities([{ ...identity, object: "B2", external: "72" }])).rejects.toMatchObject({
        code: "wrong-state",
      });
    });

    test("a source's place is stored with its fact, whether that is new, known or refused", async () => {
      const cursor = (value: string) => ({ cursor: { name: "line", value } });
      await commit({ messages: [aMessage({ ...cursor("1") }), aMessage({ sourceId: "f-2", ...cursor("2") })] });
      expect(await ledger.loadCursor("line")).toBe("2");
      expect((await commit({ messages: [aMessage({ ...cursor("3") })] })).messages[0]?.kind).toBe("duplicate");
      expect(await ledger.loadCursor("line")).toBe("3");
      const refusal = { source: "mes", contract: "x", receivedTime: 1, received: Buffer.from("x"), receivedBytes: 1 };
      await commit({ refusals: [{ ...refusal, findings: [], ...cursor("4") }] });
      expect(await ledger.loadCursor("line")).toBe("4");
    });

    test("a place that says from which one it moves on stays where it is when another worker moved it meanwhile", async () => {
      const moving = (sourceId: string, after: string, value: string) =>
        aMessage({ sourceId, cursor: { name: "line", value, after } });
      await commit({ messages: [moving("f-1", "", "1")] });
      expect(await ledger.loadCursor("line")).toBe("1");
      await commit({ messages: [moving("f-2", "1", "2"), moving("f-3", "2", "3")] });
      expect(await ledger.loadCursor("line")).toBe("3");
      // Of a worker that was paused when the place stood at 1: its facts are recorded, and the place stays.
      expect((await commit({ messages: [moving("f-4", "1", "2")] })).messages[0]?.kind).toBe("accepted");
      expect((await commit({ messages: [moving("f-4", "", "2")] })).messages[0]?.kind).toBe("duplicate");
      expect(await ledger.loadCursor("line")).toBe("3");
      // In one commit the second one fits to what the first one makes of it, or does not move.
      await commit({ messages: [moving("f-5", "3", "4"), moving("f-6", "3", "9")] });
      expect(await ledger.loadCursor("line")).toBe("4");
    });

    test("of a commit that failed, no source's place is stored", async () => {
      const broken = aMessage({ sourceId: "broken", key: undefined as unknown as string });
      const good = aMessage({ cursor: { name: "line", value: "1" } });
      await expect(commit({ epoch: 1, messages: [good, broken] })).rejects.toBeInstanceOf(Error);
      expect(await ledger.loadCursor("line")).toBeUndefined();
    });

    test("after a failed commit nothing of its epoch is stored, and the next epoch goes on", async () => {
      // A message without a key breaks the group in its middle.
      const broken = aMessage({ sourceId: "broken", key: undefined as unknown as string });
      await expect(commit({ epoch: 1, messages: [aMessage({ sourceId: "a" }), broken] })).rejects.toBeInstanceOf(Error);
      await expect(commit({ epoch: 1, messages: [aMessage({ sourceId: "b" })] })).rejects.toMatchObject({
        code: "ledger-io",
      });
      expect((await ledger.totals()).messages).toBe(0);
      expect((await commit({ epoch: 2, messages: [aMessage({ sourceId: "b" })] })).messages[0]?.kind).toBe("accepted");
    });

    test("the audit chain verifies over every kind of row", async () => {
      const id = delivery(await accept());
      await commit({
        messages: [aMessage()],
        refusals: [
          { source: "mes", contract: "x", receivedTime: 1, received: Buffer.from("x"), receivedBytes: 1, findings: [] },
        ],
      });
      await commit({ settlements: [step(id, { from: "pending", to: "sending" })] });
      await commit({
        settlements: [step(id, { from: "sending", to: "done", attempt: { ...sent, outcome: "done", receipt: "r" } })],
      });
      const report = await ledger.verifyAudit();
      expect(report).toMatchObject({ ok: true, rows: 4 });
      expect(report.head).toMatch(/^[0-9a-f]{64}$/);
    });

    test("a closed ledger says so", async () => {
      await ledger.close();
      await expect(ledger.totals()).rejects.toMatchObject({ code: "ledger-closed" });
    });
  });
}
