import type { Reference, References } from "@lineshaft/core";
import { consumedNeeds, consumedParts, serialsOf, substituteRule } from "../consumed-rules.ts";
import { Exact, addDecimals, compareDecimals, subtractDecimals } from "../decimals.ts";
import { lookUp } from "../define-contract.ts";
import type { Quantity } from "../primitives.ts";
import { breach } from "../rules.ts";
import type { Rule } from "../rules.ts";
import {
  at,
  compareQuantities,
  each,
  fieldOf,
  isBlank,
  isSome,
  neededRule,
  positiveRule,
  spanRules,
  sumIn,
  uniqueRule,
  checkUnits,
} from "../shared-rules.ts";
import type { Placed } from "../shared-rules.ts";
import { knownProduct, trackingRules } from "../tracking-rules.ts";
import type { TrackedPart } from "../tracking-rules.ts";
import { convert } from "../units.ts";
import type { Completion } from "./completion.ts";
import { productionOrder } from "./production-order.ts";
import type { ProductionOrder } from "./production-order.ts";

/** The order, the product where the completion names it, and the products consumed. */
export function completionNeeds(it: Completion): Reference[] {
  const needs = [{ contract: "production-order.v1", object: it.productionOrder }, ...consumedNeeds(it.consumed)];
  return it.product === undefined ? needs : [...needs, { contract: "product.v1", object: it.product }];
}

const outputRules: readonly Rule<Completion>[] = [
  {
    code: "completion.output-positive",
    promise: "Yield, scrap and rework together are more than nought.",
    fix: "Report what was made in yield, scrap or rework; a report without any output is no completion.",
    check(it, _context, tell) {
      const scrapped = it.scrap?.some(({ quantity }) => isSome(quantity)) ?? false;
      if (!isSome(it.yield) && !scrapped && !isSome(it.rework)) tell(breach("/yield/value", it.yield.value));
    },
  },
  positiveRule(
    "completion.quantity-positive",
    "A quantity of scrap, of a lot, of a by-product or of consumed material",
    (it) =>
      each(it.scrap, "/scrap/*/quantity", ({ quantity }) => quantity).concat(
        each(it.lots, "/lots/*/quantity", ({ quantity }) => quantity),
        each(it.byProducts, "/byProducts/*/quantity", ({ quantity }) => quantity),
        each(it.consumed, "/consumed/*/quantity", ({ quantity }) => quantity),
      ),
  ),
  {
    code: "completion.scrap-reason",
    promise: "Scrap comes with a reason.",
    fix: "Give the reason code of the scrap.",
    check({ scrap = [] }, _context, tell) {
      for (const [i, { reason }] of scrap.entries()) if (reason === undefined) tell(breach(`/scrap/${i}/reason`));
    },
  },
  {
    code: "completion.units-convertible",
    promise:
      "Yield, scrap, rework and lots convert into one another, and into the unit of the order where it is known.",
    fix: "Send all quantities in one unit, that of the order.",
    check(it, { references }, tell) {
      const unit = knownOrder(it, references)?.quantity.unit ?? it.yield.unit;
      checkUnits(outputQuantities(it), unit, knownProduct(references, productOf(it, references))?.conversions, tell);
    },
  },
  {
    code: "completion.total-yield-covers",
    promise: "totalYield is at least the yield of this report.",
    fix: "Give in totalYield all good output so far, this report included, or leave it out.",
    check(it, { references }, tell) {
      if (it.totalYield === undefined) return;
      const conversions = knownProduct(references, it.product)?.conversions;
      if ((compareQuantities(it.totalYield, it.yield, conversions) ?? 0) < 0)
        tell(breach("/totalYield/value", it.totalYield.value));
    },
  },
];

const orderRules: readonly Rule<Completion>[] = [
  {
    code: "completion.open-quantity-reason",
    promise: "A final report that leaves some of the order open says why.",
    fix: "Say in reasonForOpenQuantity why less was made; or give totalYield, if earlier reports cover the rest.",
    check(it, { references }, tell) {
      if (!it.final || !isBlank(it.reasonForOpenQuantity)) return;
      const open = openQuantity(it, references);
      if (open === undefined || compareDecimals(open.value, "0") <= 0) return;
      tell(
        breach(
          "/reasonForOpenQuantity",
          it.reasonForOpenQuantity,
          `${open.value} ${open.unit} of the order are still open: say in reasonForOpenQuantity why less was made; set final to false; or give totalYield, if earlier reports cover the rest.`,
        ),
      );
    },
  },
  {
    code: "completion.within-overdelivery",
    promise: "The yield stays within the order's quantity and its overdeliveryPercent, where the order has one.",
    fix: "Correct the yield, or raise what the order allows.",
    check(it, { references }, tell) {
      const order = knownOrder(it, references);
      if (order?.overdeliveryPercent === undefined) return;
      const made = inOrderUnit(it.totalYield ?? it.yield, it, order, references);
      const share = addDecimals(order.overdeliveryPercent, "100");
      const most = new Exact(order.quantity.value).times(share).div(100).toFixed();
      if (made === undefined || compareDecimals(made, most) <= 0) return;
      tell(
        breach(
          "/yield/value",
          it.yield.value,
          `Order ${order.productionOrder} allows at most ${most} ${order.quantity.unit}: correct the yield, or raise what the order allows.`,
        ),
      );
    },
  },
  {
    code: "completion.product-of-order",
    promise: "The product is that of the order, where the order is known.",
    fix: "Name the order's product; report anything else that was made under byProducts.",
    check(it, { references }, tell) {
      const order = knownOrder(it, references);
      if (order === undefined || it.product === undefined || it.product === order.product) return;
      tell(
        breach(
          "/product",
          it.product,
          `Order ${order.productionOrder} makes ${order.product}: name that product, and report anything else that was made under byProducts.`,
        ),
      );
    },
  },
  {
    code: "completion.operation-of-order",
    promise: "The operation is one of the order's, where they are known. Leading zeros do not matter.",
    fix: "Name an operation of the order.",
    check(it, { references }, tell) {
      const order = knownOrder(it, references);
      const { operation } = it;
      if (operation === undefined || order?.operations === undefined || order.operations.length === 0) return;
      const known = order.operations.map((step) => step.operation);
      if (known.some((step) => plainNumber(step) === plainNumber(operation))) return;
      tell(
        breach("/operation", operation, `Name an operation of order ${order.productionOrder}: ${known.join(", ")}.`),
      );
    },
  },
  {
    code: "completion.by-product-differs",
    promise: "A by-product is not the product itself.",
    fix: "Report the product itself under yield, and only other products as by-products.",
    check(it, { references }, tell) {
      const product = productOf(it, references);
      for (const place of each(it.byProducts, "/byProducts/*/product", (byProduct) => byProduct.product))
        if (place.value === product) tell(breach(fieldOf(place), place.value));
    },
  },
];

const lotRules: readonly Rule<Completion>[] = [
  {
    code: "completion.lots-sum",
    promise: "The lots' quantities add up to the yield, when lots are given.",
    fix: "Correct the quantities of the lots, or the yield.",
    check(it, { references }, tell) {
      if (it.lots === undefined || it.lots.length === 0) return;
      const conversions = knownProduct(references, productOf(it, references))?.conversions;
      const sum = sumIn(
        it.yield.unit,
        it.lots.map(({ quantity }) => quantity),
        conversions,
      );
      if (sum === undefined || compareDecimals(sum, it.yield.value) === 0) return;
      tell(
        breach(
          "/lots",
          sum,
          `The lots add up to ${sum} ${it.yield.unit}, the yield is ${it.yield.value} ${it.yield.unit}: correct one of them.`,
        ),
      );
    },
  },
  uniqueRule("completion.lots-unique", "A lot", (it) => each(it.lots, "/lots/*/lot", ({ lot }) => lot)),
  uniqueRule("completion.serials-unique", "A serial number", outputSerials),
  uniqueRule("completion.consumed-serials-unique", "A consumed serial number", serialsOf),
  neededRule({
    code: "completion.rework-quantity",
    promise: "A reason for rework comes with a quantity of rework.",
    fix: "Give the quantity in rework, or remove reworkReason.",
    field: "/rework",
    missing: (it) => it.reworkReason !== undefined && !isSome(it.rework),
  }),
];

export const completionRules: readonly Rule<Completion>[] = [
  ...outputRules,
  ...orderRules,
  ...lotRules,
  substituteRule("completion"),
  ...spanRules<Completion>({ contract: "completion", start: "start", end: "end", past: true }),
  ...trackingRules<Completion>("completion", (it, references) => [
    outputPart(it, references),
    ...consumedParts(it, references),
  ]),
];

function knownOrder(it: Completion, references: References): ProductionOrder | undefined {
  return lookUp(references, productionOrder, it.productionOrder);
}

/** The completion's own word, or else the order's. */
function productOf(it: Completion, references: References): string | undefined {
  return it.product ?? knownOrder(it, references)?.product;
}

function outputPart(it: Completion, references: References): TrackedPart {
  return {
    field: "",
    product: knownProduct(references, productOf(it, references)),
    quantity: it.yield,
    quantityField: "yield",
    lots: (it.lots ?? []).map(({ lot }) => lot),
    lotField: "lots",
    serials: it.serials,
  };
}

function outputQuantities(it: Completion): readonly Placed<Quantity>[] {
  return at("/yield", it.yield).concat(
    each(it.scrap, "/scrap/*/quantity", ({ quantity }) => quantity),
    at("/rework", it.rework),
    at("/totalYield", it.totalYield),
    each(it.lots, "/lots/*/quantity", ({ quantity }) => quantity),
  );
}

function outputSerials({ serials, scrap = [] }: Completion): readonly Placed<string>[] {
  const yielded = each(serials, "/serials/*", (serial) => serial);
  const scrapped = scrap.flatMap((part, i) => each(part.serials, `/scrap/${i}/serials/*`, (serial) => serial));
  return scrapped.length === 0 ? yielded : [...yielded, ...scrapped];
}

/** What the order, or its operation, still lacks after this report. Undefined when the order is not known. */
function openQuantity(it: Completion, references: References): Quantity | undefined {
  const order = knownOrder(it, references);
  if (order === undefined) return undefined;
  const made = inOrderUnit(it.totalYield ?? it.yield, it, order, references);
  if (made === undefined) return undefined;
  // What the order counts as completed belongs to the whole order, so it says nothing of a single operation.
  const before = it.totalYield !== undefined || it.operation !== undefined ? "0" : (completedOf(order) ?? "0");
  return { value: subtractDecimals(order.quantity.value, addDecimals(made, before)), unit: order.quantity.unit };
}

function completedOf(order: ProductionOrder): string | undefined {
  if (order.completed === undefined) return undefined;
  const converted = convert(order.completed, order.quantity.unit);
  return converted.ok ? converted.quantity.value : undefined;
}

function inOrderUnit(
  quantity: Quantity,
  it: Completion,
  order: ProductionOrder,
  references: References,
): string | undefined {
  const conversions = knownProduct(references, it.product ?? order.product)?.conversions;
  const converted = convert(quantity, order.quantity.unit, conversions);
  return converted.ok ? converted.quantity.value : undefined;
}

function plainNumber(operation: string): string {
  return operation.replace(/^0+(?=.)/, "");
}
