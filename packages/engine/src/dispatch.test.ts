import { expect, test } from "vitest";
import { type Finding, RejectedError, Secret, UnavailableError } from "@lineshaft/core";
import { type Level, MemorySystem, level, note, settled } from "@lineshaft/testing";
import { type Policy, confirm, drop, flow, moveCursor, resend } from "./index.ts";
import { HubBed } from "./testing/hub-bed.ts";

interface Applied {
  n: number | undefined;
  text: string | undefined;
}

function aBed(options: ConstructorParameters<typeof MemorySystem>[1] = { repeat: "repeatable" }, policy: Policy = {}) {
  const odoo = new MemorySystem<Applied>("odoo", options);
  const s4 = new MemorySystem<Applied>("s4", { repeat: "lookup", settleMs: 1_000 });
  const flows = [
    flow("notes", note, { owner: "production control", policy })
      .to(odoo.operation, (n) => ({ n: n.n, text: n.text }))
      .to(s4.operation, (n) => ({ n: n.n, text: n.text })),
  ];
  return { odoo, s4, bed: new HubBed({ systems: [odoo.definition, s4.definition], flows }) };
}

const by = { who: "ana", why: "looked into it", at: 1 };
const numbers = (system: MemorySystem<Applied>) => system.effects.map((e) => e.value.n);

test("a fact reaches every target once, with a receipt for each", async () => {
  const { odoo, s4, bed } = aBed();
  await using _ = bed;
  await bed.start();
  expect(await bed.record({ id: "a", key: "MO-7", n: 1 })).toEqual({ kind: "accepted", message: 1 });
  await bed.until("done");
  expect([numbers(odoo), numbers(s4)]).toEqual([[1], [1]]);
  const receipts = (await bed.ledger.deliveries({ limit: 10 })).map((d) => d.receipt);
  expect(receipts).toEqual([`r-${odoo.effects[0]?.token ?? ""}`, `r-${s4.effects[0]?.token ?? ""}`]);
});

test("the same fact again is recorded and applied nowhere", async () => {
  const { odoo, bed } = aBed();
  await using _ = bed;
  await bed.start();
  await bed.record({ id: "a", key: "MO-7", n: 1 });
  expect(await bed.record({ id: "a", key: "MO-7", n: 1 })).toEqual({ kind: "duplicate", message: 1, differs: false });
  expect(await bed.record({ id: "a", key: "MO-7", n: 2 })).toEqual({ kind: "duplicate", message: 1, differs: true });
  await bed.until("done");
  expect(numbers(odoo)).toEqual([1]);
});

test("facts of one key are applied in their order, also when there are more than memory holds", async () => {
  const { odoo, s4 } = aBed();
  const bed = new HubBed({
    systems: [odoo.definition, s4.definition],
    flows: [flow("notes", note).to(odoo.operation, (n) => ({ n: n.n, text: n.text }))],
    limits: { windowDeliveries: 20 },
  });
  await using _ = bed;
  await bed.start();
  const all = Array.from({ length: 300 }, (_v, n) => bed.record({ id: `f-${n}`, key: `MO-${n % 3}`, n }));
  await Promise.all(all);
  await bed.until("done");
  for (const k of [0, 1, 2]) {
    const ofKey = odoo.effects.filter((e) => e.key === `MO-${k}`).map((e) => e.value.n);
    expect(ofKey).toEqual(Array.from({ length: 100 }, (_v, i) => i * 3 + k));
  }
});

test("never two of one key in a batch, and never more in flight than the system allows", async () => {
  const odoo = new MemorySystem<Applied>("odoo", { repeat: "repeatable", maxBatch: 5 }, { limits: { inFlight: 2 } });
  const bed = new HubBed({
    systems: [odoo.definition],
    flows: [flow("notes", note).to(odoo.operation, (n) => ({ n: n.n, text: n.text }))],
  });
  await using _ = bed;
  await bed.start();
  await Promise.all(Array.from({ length: 200 }, (_v, n) => bed.record({ id: `f-${n}`, key: `MO-${n % 10}`, n })));
  await bed.until("done");
  expect(Math.max(...odoo.calls.map((c) => c.length))).toBe(5);
  expect(odoo.calls.every((c) => new Set(c.map((i) => i.key)).size === c.length)).toBe(true);
  expect(odoo.mostInFlight).toBeLessThanOrEqual(2);
});

test("items that conflict are never in two calls at once", async () => {
  const open: string[][] = [];
  const odoo = new MemorySystem<Applied>(
    "odoo",
    { repeat: "repeatable", maxBatch: 1, conflicts: (v: Applied) => [v.text ?? ""] },
    { limits: { inFlight: 4 } },
  );
  let most = 0;
  odoo.hold = async () => {
    const texts = odoo.calls.at(-1)?.map((i) => i.value.text ?? "") ?? [];
    open.push(texts);
    most = Math.max(most, open.filter(([t]) => t === texts[0]).length);
    await settled(2);
    open.splice(open.indexOf(texts), 1);
  };
  const bed = new HubBed({
    systems: [odoo.definition],
    flows: [flow("notes", note).to(odoo.operation, (n) => ({ n: n.n, text: n.text }))],
  });
  await using _ = bed;
  await bed.start();
  await Promise.all(
    Array.from({ length: 40 }, (_v, n) => bed.record({ id: `f-${n}`, key: `MO-${n}`, n, text: `product-${n % 2}` })),
  );
  await bed.until("done");
  expect(most).toBe(1);
  expect(odoo.mostInFlight).toBe(2);
});

test("what took the place of an item that was held for a conflict is begun once, though what it waited for ends meanwhile", async () => {
  const odoo = new MemorySystem<Level>("odoo", {
    repeat: "lookup",
    maxBatch: 1,
    conflicts: (l: Level) => [l.level < 20 ? "bin A" : "bin B"],
  });
  const calls: PromiseWithResolvers<void>[] = [];
  odoo.hold = () => {
    const call = Promise.withResolvers<void>();
    calls.push(call);
    return call.promise;
  };
  const bed = new HubBed({ systems: [odoo.definition], flows: [flow("levels", level).to(odoo.operation, (l) => l)] });
  await using _ = bed;
  await bed.start();
  const tell = (id: string, object: string, version: string, n: number) =>
    bed.intake.record({ contract: "level.v1", raw: JSON.stringify({ id, object, version, level: n }) });
  await tell("e1", "bin-1", "1", 10);
  await settled(5);
  await tell("e2", "bin-2", "1", 11);
  await settled(5);
  expect(calls).toHaveLength(1);
  await tell("e3", "bin-2", "2", 21);
  await settled(5);
  expect(calls).toHaveLength(2);
  calls[0]?.resolve();
  await settled(5);
  calls[1]?.resolve();
  await bed.until("done", "superseded", "checking");
  expect(await bed.states()).toEqual({ "e1→odoo": "done", "e2→odoo": "superseded", "e3→odoo": "done" });
  expect([odoo.calls.length, odoo.lookups]).toEqual([2, []]);
});

test("a rejected delivery is parked with reason, owner and next step, and holds up only its own key", async () => {
  const { odoo, bed } = aBed();
  odoo.before = (item) =>
    item.value.n === 1
      ? {
          kind: "rejected",
          reason: "lot-exists",
          message: "Lot L-77 already exists.",
          next: "Correct the lot in the MES message.",
        }
      : undefined;
  await using _ = bed;
  await bed.start();
  await bed.record({ id: "a", key: "MO-7", n: 1 });
  await bed.record({ id: "b", key: "MO-7", n: 2 });
  await bed.record({ id: "c", key: "MO-8", n: 3 });
  await bed.until("done", "parked", "pending");
  await settled();
  expect(await bed.states()).toMatchObject({
    "a→odoo": "parked",
    "b→odoo": "pending",
    "c→odoo": "done",
    "a→s4": "done",
    "b→s4": "done",
  });
  const [parked] = await bed.ledger.deliveries({ states: ["parked"], limit: 10 });
  expect(parked?.parking).toEqual({
    reason: "lot-exists",
    message: "Lot L-77 already exists.",
    next: "Correct the lot in the MES message.",
    owner: "production control",
  });
});

test("a delivery whose flow no longer has its target is parked, and holds up nobody", async () => {
  const { odoo, s4, bed } = aBed();
  await using _ = bed;
  odoo.down = true;
  await bed.start();
  await bed.record({ id: "a", key: "MO-7", n: 1 });
  await bed.until("done", "pending");
  await bed.stop();
  odoo.down = false;
  const renamed = flow("other notes", note).to(odoo.operation, (n) => ({ n: n.n, text: n.text }));
  const without = new HubBed({ systems: [odoo.definition, s4.definition], flows: [renamed] });
  Object.assign(without, { folder: bed.folder });
  await using _without = without;
  await without.start();
  await without.record({ id: "b", key: "MO-7", n: 2 });
  await without.until("done", "parked");
  const [parked] = await without.ledger.deliveries({ states: ["parked"], limit: 1 });
  expect(parked?.parking).toMatchObject({ reason: "no-route", owner: "integration" });
  expect(numbers(odoo)).toEqual([2]);
});

test("a secret that the other side repeats is not kept", async () => {
  const { odoo, bed } = aBed();
  const secret = Secret.generated("test", "sesame-opens-it").read();
  odoo.before = () => ({
    kind: "rejected",
    reason: "x",
    message: "No.",
    said: `bad key ${secret}`,
    next: "Look.",
    response: { key: secret },
  });
  await using _ = bed;
  await bed.start();
  await bed.record({ id: "a", key: "MO-7", n: 1 });
  await bed.until("done", "parked");
  const [parked] = await bed.ledger.deliveries({ states: ["parked"], limit: 1 });
  const kept = JSON.stringify([parked, await bed.ledger.attempts(parked?.id ?? 0)]);
  expect(kept).toContain("bad key");
  expect(kept).not.toContain(secret);
});

test("policy continue lets later facts of a key pass a parked one", async () => {
  const { odoo, bed } = aBed({ repeat: "repeatable" }, { order: "continue" });
  odoo.before = (item) =>
    item.value.n === 1 ? { kind: "rejected", reason: "x", message: "No.", next: "Look." } : undefined;
  await using _ = bed;
  await bed.start();
  await bed.record({ id: "a", key: "MO-7", n: 1 });
  await bed.record({ id: "b", key: "MO-7", n: 2 });
  await bed.until("done", "parked");
  expect(await bed.states()).toMatchObject({ "a→odoo": "parked", "b→odoo": "done" });
});

test("a resent delivery goes before those that waited for it", async () => {
  const { odoo, bed } = aBed();
  let accept = false;
  odoo.before = (item) =>
    item.value.n === 1 && !accept ? { kind: "rejected", reason: "x", message: "No.", next: "Look." } : undefined;
  await using _ = bed;
  await bed.start();
  for (let n = 1; n <= 8; n++) await bed.record({ id: `f-${n}`, key: "MO-7", n });
  await bed.until("done", "parked", "pending");
  const [parked] = await bed.ledger.deliveries({ states: ["parked"], limit: 1 });
  accept = true;
  await resend(bed.ledger, { delivery: parked?.id ?? 0, ...by });
  await bed.clock.advance(500);
  await bed.until("done");
  expect(numbers(odoo)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
});

test("a hub passes over acts that are about no delivery, and follows the one after them", async () => {
  const { odoo, bed } = aBed();
  let accept = false;
  odoo.before = () => (accept ? undefined : { kind: "rejected", reason: "x", message: "No.", next: "Look." });
  await using _ = bed;
  await bed.start();
  await bed.record({ id: "f-1", key: "MO-7", n: 1 });
  await bed.until("done", "parked");
  const publish = (after: string, value: string) =>
    moveCursor(bed.ledger, { ...by, kind: "publish", cursor: { name: "n", value, after }, detail: {} });
  await publish("", "1");
  await bed.clock.advance(500);
  await publish("1", "2");
  accept = true;
  const [parked] = await bed.ledger.deliveries({ states: ["parked"], limit: 1 });
  await resend(bed.ledger, { delivery: parked?.id ?? 0, ...by });
  await bed.clock.advance(500);
  await bed.until("done");
  expect(numbers(odoo)).toEqual([1]);
});

test("a confirmed or dropped delivery lets the next one of its key go", async () => {
  const { odoo, bed } = aBed();
  odoo.before = (item) =>
    (item.value.n ?? 0) <= 2 ? { kind: "rejected", reason: "x", message: "No.", next: "Look." } : undefined;
  await using _ = bed;
  await bed.start();
  for (let n = 1; n <= 3; n++) await bed.record({ id: `f-${n}`, key: "MO-7", n });
  for (const end of [confirm, drop]) {
    await bed.until("done", "dropped", "parked", "pending");
    await settled();
    const [parked] = await bed.ledger.deliveries({ states: ["parked"], limit: 1 });
    await end(bed.ledger, { delivery: parked?.id ?? 0, receipt: "MO/1", ...by });
    await bed.clock.advance(500);
  }
  await bed.until("done", "dropped");
  expect(numbers(odoo)).toEqual([3]);
});

test("an unavailable target is tried again with growing waits, and nothing is lost or doubled", async () => {
  const { odoo, bed } = aBed();
  odoo.down = true;
  await using _ = bed;
  await bed.start();
  await bed.record({ id: "a", key: "MO-7", n: 1 });
  await bed.until("done", "pending");
  for (let i = 0; i < 20; i++) await bed.clock.advance(1_000);
  const attempts = await bed.ledger.attempts((await bed.ledger.deliveries({ system: "odoo", limit: 1 }))[0]?.id ?? 0);
  const starts = attempts.map((a) => a.startedAt);
  const waits = starts.slice(1).map((at, i) => at - (starts[i] ?? 0));
  expect(attempts.every((a) => a.outcome === "unavailable")).toBe(true);
  expect(waits.every((w, i) => w >= 500 * 2 ** i && w <= 1_000 * 2 ** i + 1_000)).toBe(true);
  odoo.down = false;
  for (let i = 0; i < 40; i++) await bed.clock.advance(1_000);
  await bed.until("done");
  expect(numbers(odoo)).toEqual([1]);
});

test("the other side's own wish to wait is honoured", async () => {
  const { odoo, bed } = aBed();
  let asked = 0;
  odoo.before = () =>
    asked++ === 0 ? { kind: "unavailable", message: "Too many requests.", retryAfterMs: 90_000 } : undefined;
  await using _ = bed;
  await bed.start();
  await bed.record({ id: "a", key: "MO-7", n: 1 });
  await bed.until("done", "pending");
  await bed.clock.advance(89_000);
  expect(odoo.calls).toHaveLength(1);
  await bed.clock.advance(2_000);
  await bed.until("done");
  expect(odoo.calls).toHaveLength(2);
});

test("after repeated failures nothing but a probe is sent until the system answers", async () => {
  const { odoo, bed } = aBed();
  odoo.down = true;
  await using _ = bed;
  const hub = await bed.start();
  for (let n = 0; n < 200; n++) await bed.record({ id: `f-${n}`, key: `MO-${n}`, n });
  await settled(20);
  const sent = odoo.calls.length;
  expect(sent).toBeLessThan(20);
  expect(hub.status().systems[0]).toMatchObject({ breaker: "open", message: "odoo does not answer." });
  await bed.clock.advance(60_000);
  expect(odoo.calls).toHaveLength(sent);
  odoo.down = false;
  await bed.clock.advance(60_000);
  await bed.until("done");
  expect(hub.status().systems[0]?.breaker).toBe("closed");
  expect(numbers(odoo).sort((a, b) => (a ?? 0) - (b ?? 0))).toEqual(Array.from({ length: 200 }, (_v, n) => n));
});

test("a dead target costs only its own deliveries", async () => {
  const { odoo, s4, bed } = aBed();
  odoo.down = true;
  await using _ = bed;
  await bed.start();
  for (let n = 0; n < 50; n++) await bed.record({ id: `f-${n}`, key: `MO-${n}`, n });
  await bed.until("done", "pending");
  await settled(20);
  expect(s4.effects).toHaveLength(50);
  expect(odoo.effects).toHaveLength(0);
});

test("an uncertain outcome is looked up after the settle time, and what stands is not sent again", async () => {
  const { s4, bed } = aBed();
  s4.after = () => ({ kind: "uncertain", message: "The connection was cut." });
  await using _ = bed;
  await bed.start();
  await bed.record({ id: "a", key: "MO-7", n: 1 });
  await bed.until("done", "checking");
  await bed.clock.advance(999);
  expect(s4.lookups).toHaveLength(0);
  await bed.clock.advance(2);
  await bed.until("done");
  expect(s4.lookups).toHaveLength(1);
  expect(numbers(s4)).toEqual([1]);
});

test("the settle time counts from the end of the call, because the request may have left late", async () => {
  const { s4, bed } = aBed();
  s4.hold = () => (s4.calls.length === 1 ? bed.clock.sleep(3_000) : undefined);
  s4.before = () => (s4.calls.length === 1 ? { kind: "uncertain", message: "Cut." } : undefined);
  await using _ = bed;
  await bed.start();
  await bed.record({ id: "a", key: "MO-7", n: 1 });
  await bed.until("done", "sending");
  await bed.clock.advance(3_500);
  expect(s4.lookups).toHaveLength(0);
  await bed.clock.advance(1_000);
  await bed.until("done");
  expect(s4.lookups).toHaveLength(1);
});

test("an uncertain outcome whose effect is absent is sent again, once", async () => {
  const { s4, bed } = aBed();
  let asked = 0;
  s4.before = () => (asked++ === 0 ? { kind: "uncertain", message: "The connection was cut." } : undefined);
  await using _ = bed;
  await bed.start();
  await bed.record({ id: "a", key: "MO-7", n: 1 });
  await bed.until("done", "checking");
  await bed.clock.advance(5_000);
  await bed.until("done");
  expect(numbers(s4)).toEqual([1]);
  const [delivery] = await bed.ledger.deliveries({ system: "s4", limit: 1 });
  expect((await bed.ledger.attempts(delivery?.id ?? 0)).map((a) => a.outcome)).toEqual(["uncertain", "absent", "done"]);
});

test("when nobody can tell whether it stands, a person is asked, and later facts of the key wait", async () => {
  const { s4, bed } = aBed();
  s4.before = (item) => (item.value.n === 1 ? { kind: "uncertain", message: "Cut." } : undefined);
  s4.find = () => ({ kind: "unknown", message: "Two documents carry the reference." });
  await using _ = bed;
  await bed.start();
  await bed.record({ id: "a", key: "MO-7", n: 1 });
  await bed.record({ id: "b", key: "MO-7", n: 2 });
  for (let i = 0; i < 120; i++) await bed.clock.advance(1_000);
  expect(await bed.states()).toMatchObject({ "a→s4": "parked", "b→s4": "pending" });
  const [parked] = await bed.ledger.deliveries({ states: ["parked"], limit: 1 });
  expect(parked?.parking).toMatchObject({ reason: "ambiguous", owner: "production control" });
  expect(s4.lookups).toHaveLength(5);
});

test("a look-up that cannot be made counts as no answer and is made again", async () => {
  const { s4, bed } = aBed();
  let asked = 0;
  s4.after = () => (asked++ === 0 ? { kind: "uncertain", message: "Cut." } : undefined);
  let looked = 0;
  s4.find = () => {
    if (looked++ < 8) throw new UnavailableError("s4 does not answer.", { next: "Later." });
    return undefined;
  };
  await using _ = bed;
  await bed.start();
  await bed.record({ id: "a", key: "MO-7", n: 1 });
  for (let i = 0; i < 600; i++) await bed.clock.advance(2_000);
  await bed.until("done");
  expect(numbers(s4)).toEqual([1]);
});

test("a call that never answers is given up as uncertain, and looked up", async () => {
  const s4 = new MemorySystem<Applied>("s4", { repeat: "lookup", settleMs: 10 }, { limits: { sendMs: 5_000 } });
  let hung = 0;
  s4.hold = () => (hung++ === 0 ? new Promise(() => {}) : undefined);
  const bed = new HubBed({
    systems: [s4.definition],
    flows: [flow("notes", note).to(s4.operation, (n) => ({ n: n.n, text: n.text }))],
    limits: { drainMs: 1_000 },
  });
  await using _ = bed;
  await bed.start();
  await bed.record({ id: "a", key: "MO-7", n: 1 });
  await bed.until("sending");
  await bed.clock.advance(5_001);
  for (let i = 0; i < 5; i++) await bed.clock.advance(1_000);
  await bed.until("done");
  expect(numbers(s4)).toEqual([1]);
});

test("a mapping that throws parks the delivery with what it said", async () => {
  const odoo = new MemorySystem<Applied>("odoo");
  const bed = new HubBed({
    systems: [odoo.definition],
    flows: [
      flow("notes", note).to(odoo.operation, (n) => {
        if (n.n === 1) throw new Error("no such work center");
        return { n: n.n, text: n.text };
      }),
    ],
  });
  await using _ = bed;
  await bed.start();
  await bed.record({ id: "a", key: "MO-7", n: 1 });
  await bed.record({ id: "b", key: "MO-8", n: 2 });
  await bed.until("done", "parked");
  const [parked] = await bed.ledger.deliveries({ states: ["parked"], limit: 1 });
  expect(parked?.parking).toMatchObject({
    reason: "mapping",
    message: expect.stringContaining("no such work center") as string,
  });
  expect(numbers(odoo)).toEqual([2]);
});

test("what the operation's schema refuses is parked and never sent", async () => {
  const finding: Finding = { field: "/n", rule: "schema.required", fix: "Give the quantity." };
  const odoo = new MemorySystem<Applied>("odoo", {
    repeat: "repeatable",
    check: (v) => ((v as Applied).n === undefined ? [finding] : []),
  });
  const bed = new HubBed({
    systems: [odoo.definition],
    flows: [flow("notes", note).to(odoo.operation, (n) => ({ n: n.n, text: n.text }))],
  });
  await using _ = bed;
  await bed.start();
  await bed.record({ id: "a", key: "MO-7" });
  await bed.until("parked");
  expect(odoo.calls).toEqual([]);
});

test("an error that a connector did not classify counts as uncertain", async () => {
  const { odoo, s4, bed } = aBed();
  let asked = 0;
  s4.before = () => {
    if (asked++ === 0) throw new TypeError("cannot read properties of undefined");
    return undefined;
  };
  await using _ = bed;
  await bed.start();
  await bed.record({ id: "a", key: "MO-7", n: 1 });
  await bed.until("done", "checking");
  const [delivery] = await bed.ledger.deliveries({ system: "s4", limit: 1 });
  expect((await bed.ledger.attempts(delivery?.id ?? 0))[0]).toMatchObject({ outcome: "uncertain" });
  await bed.clock.advance(5_000);
  await bed.until("done");
  expect([odoo.effects.length, s4.effects.length]).toEqual([1, 1]);
});

test("a RejectedError thrown for a whole call parks each of its items", async () => {
  const { odoo, bed } = aBed();
  odoo.before = () => {
    throw new RejectedError("The company is closed.", { reason: "closed", next: "Open it." });
  };
  await using _ = bed;
  await bed.start();
  await bed.record({ id: "a", key: "MO-7", n: 1 });
  await bed.until("done", "parked");
  expect(await bed.states()).toMatchObject({ "a→odoo": "parked", "a→s4": "done" });
});

test("a delivery older than its flow allows is parked as expired", async () => {
  const { odoo, bed } = aBed({ repeat: "repeatable" }, { giveUpAfterMs: 60_000 });
  odoo.before = () => ({ kind: "unavailable", message: "Not now." });
  await using _ = bed;
  await bed.start();
  await bed.record({ id: "a", key: "MO-7", n: 1 });
  for (let i = 0; i < 200; i++) await bed.clock.advance(1_000);
  const [parked] = await bed.ledger.deliveries({ states: ["parked"], limit: 1 });
  expect(parked?.parking?.reason).toBe("expired");
});

test("urgent work goes first, and bulk still gets its share", async () => {
  const odoo = new MemorySystem<Applied>("odoo", { repeat: "repeatable", maxBatch: 1 }, { limits: { inFlight: 1 } });
  let release = () => {};
  odoo.hold = () => (odoo.calls.length === 1 ? new Promise((resolve) => (release = resolve)) : undefined);
  const [mes, batch] = [new MemorySystem("mes"), new MemorySystem("batch")];
  const to = (name: string, priority: "urgent" | "bulk") =>
    flow(name, note, { from: [name === "bulk" ? "batch" : "mes"], policy: { priority } }).to(odoo.operation, (n) => ({
      n: n.n,
      text: name,
    }));
  const bed = new HubBed({
    systems: [odoo.definition, mes.definition, batch.definition],
    flows: [to("bulk", "bulk"), to("urgent", "urgent")],
  });
  await using _ = bed;
  const hub = await bed.start();
  const record = (source: string, n: number) =>
    hub
      .intake(source)
      .record({ contract: "note.v1", raw: JSON.stringify({ id: `${source}-${n}`, key: `${source}-${n}`, n }) });
  for (let n = 0; n < 40; n++) await record("batch", n);
  for (let n = 0; n < 40; n++) await record("mes", n);
  release();
  await bed.until("done");
  const first = odoo.effects.slice(1, 41).map((e) => e.value.text);
  expect(first.filter((t) => t === "urgent").length).toBeGreaterThan(30);
  expect(first.filter((t) => t === "bulk").length).toBeGreaterThan(0);
});

const levels = (system: MemorySystem<Level>) => system.effects.map((e) => e.value.level);

test("a stale state never reaches a target, and a newer one overtakes an unsent one", async () => {
  const odoo = new MemorySystem<Level>("odoo");
  odoo.down = true;
  const bed = new HubBed({ systems: [odoo.definition], flows: [flow("levels", level).to(odoo.operation, (l) => l)] });
  await using _ = bed;
  await bed.start();
  const record = (id: string, version: string, n: number) =>
    bed.intake.record({ contract: "level.v1", raw: JSON.stringify({ id, object: "bin-1", version, level: n }) });
  await record("e1", "1", 10);
  await record("e3", "3", 30);
  await record("e2", "2", 20);
  odoo.down = false;
  for (let i = 0; i < 40; i++) await bed.clock.advance(1_000);
  await bed.until("done", "superseded", "suppressed");
  expect(levels(odoo)).toEqual([30]);
  expect(await bed.states()).toEqual({ "e1→odoo": "superseded", "e2→odoo": "suppressed", "e3→odoo": "done" });
});
