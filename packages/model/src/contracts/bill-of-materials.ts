import { Type, type Static } from "typebox";
import { defineContract } from "../define-contract.ts";
import { aBillOfMaterials } from "../examples.ts";
import { billOfMaterialsRules } from "./bill-of-materials-rules.ts";

import { LINE_ITEMS } from "../limits.ts";
import { calendarDate, choice, closed, decimal, identifier, listOf, quantity, text, duration } from "../primitives.ts";
import { fact, more, site, version, workCenter } from "./common.ts";
import { timeToMs } from "../times.ts";

const line = closed({
  line: identifier("Line (find number); stays the same over revisions"),
  product: identifier("Product needed"),
  quantity: quantity("How much is needed for the base quantity"),
  fixedQuantity: Type.Optional(Type.Boolean({ description: "Needed once per order, whatever the order's quantity" })),
  scrapPercent: Type.Optional(decimal("Expected scrap of this line, in percent")),
  operation: Type.Optional(identifier("Operation that needs it")),
  location: Type.Optional(identifier("Location it is taken from")),
  note: Type.Optional(text("Remark for people")),
});
/** One line of a bill of materials. */
export type BillOfMaterialsLine = Static<typeof line>;

const bomOperation = closed({
  operation: identifier("Number of the operation, such as 0010"),
  description: Type.Optional(text("What is done")),
  workCenter,
  setupTime: Type.Optional(duration("Set-up time per order")),
  runTime: Type.Optional(duration("Time for the base quantity")),
});

const byProduct = closed({
  product: identifier("By-product"),
  quantity: quantity("How much falls off for the base quantity"),
});

const schema = closed({
  ...fact,
  ...version,
  billOfMaterials: identifier("Bill of materials, with its alternative where there are several"),
  product: identifier("Product made"),
  ...site,
  revision: Type.Optional(identifier("Engineering revision")),
  change: Type.Optional(identifier("Engineering change that brought this revision")),
  status: Type.Optional(choice(["active", "inactive"], "Whether new orders may use it")),
  use: Type.Optional(choice(["manufacture", "phantom", "subcontract"], "What it is used for")),
  validFrom: Type.Optional(calendarDate("First day of validity")),
  validTo: Type.Optional(calendarDate("Last day of validity")),
  quantity: quantity("Base quantity the lines are given for"),
  lines: listOf(line, "What it takes", { minItems: 1, maxItems: LINE_ITEMS }),
  operations: Type.Optional(listOf(bomOperation, "How it is made")),
  byProducts: Type.Optional(listOf(byProduct, "What falls off besides the product")),
  ...more,
});

/** How a bill of materials is now. */
export type BillOfMaterials = Static<typeof schema>;

export const billOfMaterials = defineContract({
  name: "bill-of-materials",
  version: 1,
  title: "Bill of materials",
  purpose: "What a product is made of, as it holds now. Sent by PLM or the ERP with each revision.",
  kind: "state",
  schema,
  describe: (it) => ({
    id: it.id,
    object: it.billOfMaterials,
    key: it.product,
    version: it.version,
    eventTime: timeToMs(it.time),
  }),
  keys: { object: "billOfMaterials", key: "product" },
  rules: billOfMaterialsRules,
  examples: [aBillOfMaterials()],
});
