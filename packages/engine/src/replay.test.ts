import { expect, test } from "vitest";
import { MemorySystem, note, settled } from "@lineshaft/testing";
import { type HubDefinition, carryOut, editAndResend, flow, planReplay, resend } from "./index.ts";
import { HubBed } from "./testing/hub-bed.ts";

interface Applied {
  n: number | undefined;
}

const by = { who: "ana", why: "restored the backup of Odoo", at: 5 };

function aBed() {
  const odoo = new MemorySystem<Applied>("odoo", { repeat: "lookup", settleMs: 1 });
  const s4 = new MemorySystem<Applied>("s4", { repeat: "repeatable" });
  const flows = [flow("notes", note).to(odoo.operation, (n) => ({ n: n.n }))];
  return { odoo, s4, bed: new HubBed({ systems: [odoo.definition, s4.definition], flows }) };
}

test("a dry run says what a replay would do and changes nothing", async () => {
  const { odoo, bed } = aBed();
  await using _ = bed;
  odoo.before = (item) =>
    item.value.n === 2 ? { kind: "rejected", reason: "x", message: "No.", next: "Look." } : undefined;
  const hub = await bed.start();
  for (let n = 1; n <= 3; n++) await bed.record({ id: `f-${n}`, key: `MO-${n}`, n });
  await bed.until("done", "parked");
  const before = await bed.states();
  const plan = await planReplay(bed.ledger, hub.definition, {});
  expect(plan.steps.map((s) => [s.message, s.act])).toEqual([
    [1, "check"],
    [2, "resend"],
    [3, "check"],
  ]);
  await settled();
  expect(await bed.states()).toEqual(before);
});

test("a replay sends again only what no longer stands", async () => {
  const { odoo, bed } = aBed();
  await using _ = bed;
  const hub = await bed.start();
  for (let n = 1; n <= 4; n++) await bed.record({ id: `f-${n}`, key: `MO-${n}`, n });
  await bed.until("done");
  // The target was set back to an older state: two effects are gone.
  odoo.effects.splice(2);
  const plan = await planReplay(bed.ledger, hub.definition, { from: 0 });
  expect(await carryOut(bed.ledger, plan, by)).toMatchObject({ done: 4, failed: [] });
  for (let i = 0; i < 5; i++) await bed.clock.advance(1_000);
  await bed.until("done");
  expect(odoo.effects.map((e) => e.value.n ?? 0).sort((a, b) => a - b)).toEqual([1, 2, 3, 4]);
  expect(odoo.lookups).toHaveLength(4);
});

test("a replay after a flow was given another target makes the deliveries that are missing", async () => {
  const { odoo, s4, bed } = aBed();
  await using _ = bed;
  const hub = await bed.start();
  await bed.record({ id: "f-1", key: "MO-1", n: 1 });
  await bed.until("done");
  const wider: HubDefinition = {
    ...hub.definition,
    flows: [
      flow("notes", note)
        .to(odoo.operation, (n) => ({ n: n.n }))
        .to(s4.operation, (n) => ({ n: n.n })),
    ],
  };
  await bed.stop();
  const wide = new HubBed(wider);
  await using _second = wide;
  Object.assign(wide, { folder: bed.folder });
  await wide.start();
  const plan = await planReplay(wide.ledger, wider, { key: "MO-1" });
  expect(plan.steps.map((s) => [s.system, s.act])).toEqual([
    ["odoo", "check"],
    ["s4", "create"],
  ]);
  await carryOut(wide.ledger, plan, by);
  for (let i = 0; i < 5; i++) await wide.clock.advance(1_000);
  await wide.until("done");
  expect([odoo.effects.length, s4.effects.length]).toEqual([1, 1]);
});

test("a replay takes only what is selected, and says when more was there", async () => {
  const { bed } = aBed();
  await using _ = bed;
  const hub = await bed.start();
  for (let n = 1; n <= 5; n++)
    await bed.record({ id: `f-${n}`, key: `MO-${n % 2}`, n, text: n === 5 ? "needle" : "hay" });
  await bed.until("done");
  const select = async (s: object) =>
    (await planReplay(bed.ledger, hub.definition, s)).steps.map((step) => step.message);
  expect(await select({ key: "MO-1" })).toEqual([1, 3, 5]);
  expect(await select({ ids: [2, 4] })).toEqual([2, 4]);
  expect(await select({ search: "needle" })).toEqual([5]);
  expect(await select({ system: "s4" })).toEqual([]);
  expect(await planReplay(bed.ledger, hub.definition, { most: 2 })).toMatchObject({ messages: 2, cut: true });
});

test("an edited delivery goes out as edited, and both payloads and the difference are kept", async () => {
  const { odoo, bed } = aBed();
  await using _ = bed;
  odoo.before = (item) =>
    item.value.n === 1 ? { kind: "rejected", reason: "x", message: "No.", next: "Look." } : undefined;
  const hub = await bed.start();
  await bed.record({ id: "f-1", key: "MO-1", n: 1 });
  await bed.until("parked");
  const [parked] = await bed.ledger.deliveries({ states: ["parked"], limit: 1 });
  const delivery = parked?.id ?? 0;
  const refused = await editAndResend(bed.ledger, hub.definition, {
    delivery,
    canonical: { id: "f-1", key: "MO-1", n: -5 },
    ...by,
  });
  expect(refused).toMatchObject({ edited: false, findings: [{ field: "/n", rule: "note.negative" }] });
  const edited = await editAndResend(bed.ledger, hub.definition, {
    delivery,
    canonical: { id: "f-1", key: "MO-1", n: 7 },
    ...by,
  });
  expect(edited).toMatchObject({
    edited: true,
    entry: { detail: '[{"field":"/n","before":1,"after":7}]', who: "ana" },
  });
  await bed.clock.advance(500);
  await bed.until("done");
  expect(odoo.effects.map((e) => e.value.n)).toEqual([7]);
  expect((await bed.ledger.message(1))?.canonical).toBe('{"id":"f-1","key":"MO-1","n":1}');
});

test("an act without a reason is refused", async () => {
  const { bed } = aBed();
  await using _ = bed;
  await bed.start();
  expect(() => resend(bed.ledger, { delivery: 1, who: "ana", why: " ", at: 1 })).toThrow("needs to say why");
});
