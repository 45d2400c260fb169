import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Fact } from "@lineshaft/core";
import {
  aCompletion,
  aFinalCompletion,
  aProduct,
  aProductionOrder,
  completion,
  product,
  productionOrder,
} from "@lineshaft/model";
import { MemorySystem, note, settled } from "@lineshaft/testing";
import { flow } from "./index.ts";
import { HubBed } from "./testing/hub-bed.ts";

function aBed(limits: { intakeFacts?: number; bodyBytes?: number; refusedBytes?: number } = {}) {
  const odoo = new MemorySystem<Record<string, unknown>>("odoo", { repeat: "repeatable", maxBatch: 100 });
  const flows = [
    flow("notes", note).to(odoo.operation, (n) => ({ ...n })),
    flow("completions", completion).to(odoo.operation, (c) => ({ ...c })),
  ];
  return {
    odoo,
    bed: new HubBed({ systems: [odoo.definition], flows, contracts: [product, productionOrder], limits }),
  };
}

const fact = (contract: string, body: unknown, over: Partial<Fact> = {}): Fact => ({
  contract,
  raw: typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body),
  ...over,
});

test.each([
  ["bytes that are no UTF-8", Uint8Array.from([0x7b, 0xff, 0x7d]), "intake.not-utf8"],
  ["text that is no JSON", "{nope", "intake.not-json"],
  ["nothing", "", "intake.not-json"],
  ["a payload over the limit", `{"id":"${"x".repeat(2_000)}"}`, "intake.too-large"],
  ["a payload without what the contract needs", { id: "a" }, "schema.required"],
  ["a payload that breaks a rule", { id: "a", key: "k", n: -1 }, "note.negative"],
])("%s is refused with its rule, and kept as evidence", async (_what, body, rule) => {
  const { odoo, bed } = aBed({ bodyBytes: 1_000, refusedBytes: 100 });
  await using _ = bed;
  await bed.start();
  const receipt = await bed.intake.record(fact("note.v1", body));
  expect(receipt).toMatchObject({ kind: "refused", findings: [{ rule }] });
  const [kept] = await bed.ledger.refusals({ after: 0, limit: 1 });
  const sent = Buffer.from(fact("note.v1", body).raw);
  expect(kept).toMatchObject({ receivedBytes: sent.byteLength, findings: [{ rule }] });
  expect(Buffer.from(kept?.received ?? []).equals(sent.subarray(0, 100))).toBe(true);
  expect(odoo.calls).toEqual([]);
});

test("a contract that the hub does not know is refused by name", async () => {
  const { bed } = aBed();
  await using _ = bed;
  await bed.start();
  const receipt = await bed.intake.record(fact("completion.v9", {}));
  expect(receipt).toMatchObject({
    kind: "refused",
    findings: [{ rule: "intake.unknown-contract", value: '"completion.v9"' }],
  });
});

test("fields from outside fill what the payload leaves out, and translation makes it canonical", async () => {
  const { odoo, bed } = aBed();
  await using _ = bed;
  await bed.start();
  const translate = (body: unknown, fields: Readonly<Record<string, string>>) => ({
    id: `${fields["line"] ?? ""}-${(body as { no: number }).no}`,
    key: "MO-7",
  });
  await bed.intake.record(fact("note.v1", { no: 3, line: "inside" }, { fields: { line: "L1" }, translate }));
  await bed.until("done");
  expect(odoo.effects[0]?.value).toEqual({ id: "L1-3", key: "MO-7" });
  const message = await bed.ledger.message(1);
  expect(Buffer.from(message?.received ?? []).toString()).toBe('{"no":3,"line":"inside"}');
  expect(message?.canonical).toBe('{"id":"L1-3","key":"MO-7"}');
});

test("a translation that throws is a finding, not a crash", async () => {
  const { bed } = aBed();
  await using _ = bed;
  await bed.start();
  const translate = (): unknown => {
    throw new Error("no such shift");
  };
  expect(await bed.intake.record(fact("note.v1", {}, { translate }))).toMatchObject({
    kind: "refused",
    findings: [{ rule: "intake.translation" }],
  });
});

test("a byte order mark does no harm", async () => {
  const { bed } = aBed();
  await using _ = bed;
  await bed.start();
  expect(await bed.intake.record(fact("note.v1", '\uFEFF{"id":"a","key":"k"}'))).toMatchObject({ kind: "accepted" });
});

test("an id from outside the payload is the fact's id", async () => {
  const { bed } = aBed();
  await using _ = bed;
  await bed.start();
  const body = { id: "inside", key: "k" };
  await bed.intake.record(fact("note.v1", body, { id: "header-1" }));
  expect(await bed.intake.record(fact("note.v1", body, { id: "header-1" }))).toMatchObject({ kind: "duplicate" });
  expect(await bed.intake.record(fact("note.v1", body, { id: "header-2" }))).toMatchObject({ kind: "accepted" });
});

test("the same id of two senders of one source is two facts", async () => {
  const { bed } = aBed();
  await using _ = bed;
  await bed.start();
  const body = { id: "1", key: "k" };
  await bed.intake.record(fact("note.v1", body, { scope: "line-1" }));
  expect(await bed.intake.record(fact("note.v1", body, { scope: "line-2" }))).toMatchObject({ kind: "accepted" });
  expect(await bed.intake.record(fact("note.v1", body, { scope: "line-1" }))).toMatchObject({ kind: "duplicate" });
  expect((await bed.ledger.message(1))?.sourceId).toBe("line-1:1");
});

test("more facts than the intake holds are turned away, and come in later", async () => {
  const { bed } = aBed({ intakeFacts: 10 });
  await using _ = bed;
  const hub = await bed.start();
  const all = await Promise.allSettled(
    Array.from({ length: 50 }, (_v, i) => bed.record({ id: `f-${i}`, key: `k-${i}` })),
  );
  const away = all.filter((r) => r.status === "rejected");
  expect(away.length).toBe(40);
  expect(away[0]?.reason).toMatchObject({ code: "intake-overloaded" });
  expect(hub.status().intake.turnedAway).toBe(40);
  await settled();
  expect(await bed.record({ id: "f-49", key: "k-49" })).toMatchObject({ kind: "accepted" });
});

test("rules see what the hub knows: a lot-tracked product needs its lot, also where only the order names the product", async () => {
  const { bed } = aBed();
  await using _ = bed;
  await bed.start();
  const made = aProduct({ tracking: "lot" });
  const order = aProductionOrder({ product: made.product });
  await bed.intake.record(fact("product.v1", made));
  await bed.intake.record(fact("production-order.v1", order));
  const { product: _named, lots: _lots, ...bare } = aCompletion({ productionOrder: order.productionOrder });
  const receipt = await bed.intake.record(fact("completion.v1", bare));
  expect(receipt.kind === "refused" && receipt.findings.map((f) => f.rule)).toContain("completion.lot-missing");
});

test("what the hub learns later counts at once", async () => {
  const { bed } = aBed();
  await using _ = bed;
  await bed.start();
  const order = aProductionOrder();
  await bed.intake.record(fact("production-order.v1", order));
  const {
    lots: _lots,
    totalYield: _total,
    reasonForOpenQuantity: _reason,
    rework: _rework,
    reworkReason: _why,
    ...final
  } = aFinalCompletion();
  const short = { ...final, id: "c-1", productionOrder: order.productionOrder, yield: { value: "1", unit: "C62" } };
  const first = await bed.intake.record(fact("completion.v1", short));
  expect(first).toMatchObject({ kind: "refused", findings: [{ rule: "completion.open-quantity-reason" }] });
  const smaller = { ...order, id: "po-2", version: `${order.version}9`, quantity: { value: "1", unit: "C62" } };
  expect(await bed.intake.record(fact("production-order.v1", smaller))).toMatchObject({ kind: "accepted" });
  expect(await bed.intake.record(fact("completion.v1", { ...short, id: "c-2" }))).toMatchObject({ kind: "accepted" });
});

test("a fact that has to be looked up is not overtaken by those handed over after it", async () => {
  const { odoo, bed } = aBed();
  await using _ = bed;
  await bed.start();
  const { lots: _lots, product: _product, ...bare } = aCompletion({ id: "c-1", productionOrder: "MO-7" });
  const first = bed.intake.record(fact("completion.v1", bare));
  const second = bed.intake.record(fact("note.v1", { id: "n-1", key: "MO-7" }));
  expect(await Promise.all([first, second])).toMatchObject([
    { kind: "accepted", message: 1 },
    { kind: "accepted", message: 2 },
  ]);
  await bed.until("done");
  expect(odoo.effects).toHaveLength(2);
});

test("a rule that throws refuses the fact instead of having it sent for ever", async () => {
  const broken = { ...note, id: "broken.v1", rules: () => JSON.parse("{") as never };
  const own = new HubBed({ systems: [], flows: [], contracts: [broken] });
  await using _ = own;
  await own.start();
  expect(await own.intake.record(fact("broken.v1", { id: "a", key: "k" }))).toMatchObject({
    kind: "refused",
    findings: [{ rule: "contract.failed" }],
  });
});

test("whatever is sent gets a receipt or a clear refusal, and nothing is left behind", async () => {
  const { bed } = aBed();
  await using _ = bed;
  const hub = await bed.start();
  const damaged = fc
    .tuple(fc.constantFrom(...Object.keys(aCompletion())), fc.anything())
    .map(([name, value]) => ({ ...aCompletion(), [name]: value }));
  const anyRaw = fc.oneof(
    fc.json({ maxDepth: 6 }),
    fc.uint8Array({ maxLength: 200 }),
    fc.string(),
    damaged.map((d) => {
      try {
        return JSON.stringify(d, (_k, v: unknown) => (typeof v === "bigint" ? v.toString() : v)) ?? "";
      } catch {
        return "[cyclic]";
      }
    }),
  );
  await fc.assert(
    fc.asyncProperty(
      anyRaw,
      fc.constantFrom("completion.v1", "note.v1", "product.v1", "nope"),
      async (raw, contract) => {
        const receipt = await bed.intake.record({ contract, raw });
        if (receipt.kind === "refused") {
          expect(receipt.findings.length).toBeGreaterThan(0);
          for (const f of receipt.findings) expect(f.fix.length * f.rule.length).toBeGreaterThan(0);
        }
      },
    ),
    { numRuns: 400 },
  );
  expect(hub.status().intake.waiting).toBe(0);
  expect((await bed.ledger.verifyAudit()).problem).toBeUndefined();
});
