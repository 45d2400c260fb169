import { compareDecimals } from "../decimals.ts";
import { at, checkUnits } from "../shared-rules.ts";
import { breach } from "../rules.ts";
import type { Rule } from "../rules.ts";
import { knownProduct } from "../tracking-rules.ts";
import { convert } from "../units.ts";
import type { StockBalance } from "./stock-balance.ts";

export const stockBalanceRules: readonly Rule<StockBalance>[] = [
  {
    code: "stock-balance.unit-convertible",
    promise: "Quantities convert into the product's base unit.",
    fix: "Send the balance in the product's base unit, or add the conversion to the product.",
    check(it, { references }, tell) {
      const known = knownProduct(references, it.product);
      const unit = known?.unit ?? it.quantity.unit;
      if (known !== undefined) checkUnits(at("/quantity", it.quantity), unit, known.conversions, tell);
      checkUnits(at("/reserved", it.reserved), unit, known?.conversions, tell);
    },
  },
  {
    code: "stock-balance.serial-single",
    promise: "The balance of one serial number is at most one piece.",
    fix: "Send a balance for each serial number.",
    check({ serial, quantity }, _context, tell) {
      if (serial === undefined) return;
      const pieces = convert(quantity, "C62");
      if (pieces.ok && compareDecimals(pieces.quantity.value, "1") > 0) tell(breach("/quantity/value", quantity.value));
    },
  },
];
