import { at, each, isBlank, neededRule, positiveRule, uniqueRule } from "../shared-rules.ts";
import { breach } from "../rules.ts";
import type { Rule } from "../rules.ts";
import { knownProduct, trackingRules } from "../tracking-rules.ts";
import type { StockMovement } from "./stock-movement.ts";

type Kind = StockMovement["type"];

const leaves: ReadonlySet<Kind> = new Set(["issue", "transfer", "scrap"]);
const comes: ReadonlySet<Kind> = new Set(["receipt", "transfer"]);

export const stockMovementRules: readonly Rule<StockMovement>[] = [
  positiveRule("stock-movement.quantity-positive", "The quantity moved", (it) => at("/quantity", it.quantity)),
  neededRule({
    code: "stock-movement.from-needed",
    promise: "Issue, transfer and scrap name the location that the stock left.",
    fix: "Give in from the location that the stock left.",
    field: "/from",
    missing: (it) => leaves.has(it.type) && it.from === undefined,
  }),
  neededRule({
    code: "stock-movement.to-needed",
    promise: "Receipt and transfer name the location that the stock came to.",
    fix: "Give in to the location that the stock came to.",
    field: "/to",
    missing: (it) => comes.has(it.type) && it.to === undefined,
  }),
  neededRule({
    code: "stock-movement.return-location",
    promise: "A return names where the stock came back to, or where it left for its supplier.",
    fix: "Give to for what came back, from for what went back.",
    field: "/to",
    missing: (it) => it.type === "return" && it.to === undefined && it.from === undefined,
  }),
  {
    code: "stock-movement.adjustment-direction",
    promise: "An adjustment has either from, for stock that is missing, or to, for stock that was found.",
    fix: "Give from for stock that is missing or to for stock that was found, not both.",
    check({ type, from, to }, _context, tell) {
      if (type === "adjustment" && (from === undefined) === (to === undefined))
        tell(breach(from === undefined ? "/from" : "/to", to));
    },
  },
  {
    code: "stock-movement.locations-differ",
    promise: "Stock moves to another location, or there to another lot or stock status.",
    fix: "Correct from or to; they are the same location.",
    check(it, _context, tell) {
      if (it.from === undefined || it.from !== it.to) return;
      const lotChanges = it.toLot !== undefined && it.toLot !== it.lot;
      const statusChanges = it.toStockStatus !== undefined && it.toStockStatus !== (it.stockStatus ?? "unrestricted");
      if (!lotChanges && !statusChanges) tell(breach("/to", it.to));
    },
  },
  neededRule({
    code: "stock-movement.reason-given",
    promise: "Adjustment and scrap come with a reason.",
    fix: "Say in reason why the stock was adjusted or scrapped.",
    field: "/reason",
    missing: (it) => (it.type === "adjustment" || it.type === "scrap") && isBlank(it.reason),
  }),
  uniqueRule("stock-movement.serials-unique", "A serial number", (it) =>
    each(it.serials, "/serials/*", (serial) => serial),
  ),
  ...trackingRules<StockMovement>("stock-movement", (it, references) => [
    {
      field: "",
      product: knownProduct(references, it.product),
      quantity: it.quantity,
      lots: it.lot === undefined ? [] : [it.lot],
      serials: it.serials,
    },
  ]),
];
