import type { References } from "@lineshaft/core";
import { product } from "./contracts/product.ts";
import type { Product } from "./contracts/product.ts";
import { lookUp } from "./define-contract.ts";
import { compareDecimals } from "./decimals.ts";
import type { Quantity } from "./primitives.ts";
import { breach } from "./rules.ts";
import type { Rule } from "./rules.ts";
import { convert, unitOf } from "./units.ts";

/** A part of a message that says how much of which product, with its lots or serial numbers. */
export interface TrackedPart {
  /** Where it stands: ``, `/consumed/0`. */
  field: string;
  /** Undefined when it is not known to the hub. */
  product: Product | undefined;
  quantity: Quantity | undefined;
  /** Where its quantity stands; default `quantity`. */
  quantityField?: string;
  lots: readonly string[];
  /** Field that a missing lot belongs into; default `lot`. */
  lotField?: string;
  serials: readonly string[] | undefined;
}

/** Rules on lots, serial numbers and units of the products in a message, each under the contract's own name. */
export function trackingRules<T>(contract: string, parts: Parts<T>): Rule<T>[] {
  const once = madeOnce(parts);
  return [
    lotRule(contract, once),
    serialRule(contract, once),
    serialCountRule(contract, once),
    unitRule(contract, once),
  ];
}

/** The rules of one contract look at the same parts one after the other. */
function madeOnce<T>(parts: Parts<T>): Parts<T> {
  let last: { value: T; references: References; parts: readonly TrackedPart[] } | undefined;
  return (value, references) => {
    if (last === undefined || last.value !== value || last.references !== references)
      last = { value, references, parts: parts(value, references) };
    return last.parts;
  };
}

/** The product as last known to the hub. */
export function knownProduct(references: References, name: string | undefined): Product | undefined {
  return lookUp(references, product, name);
}

type Parts<T> = (value: T, references: References) => readonly TrackedPart[];

function lotRule<T>(contract: string, parts: Parts<T>): Rule<T> {
  return {
    code: `${contract}.lot-missing`,
    promise: "A product that is tracked by lot comes with its lot.",
    fix: "Send the lot.",
    check(value, { references }, tell) {
      for (const part of parts(value, references)) {
        if (part.product?.tracking !== "lot" || part.lots.length > 0 || isNothing(part)) continue;
        tell(
          breach(
            `${part.field}/${part.lotField ?? "lot"}`,
            undefined,
            `Product ${part.product.product} is tracked by lot: send the lot.`,
          ),
        );
      }
    },
  };
}

function serialRule<T>(contract: string, parts: Parts<T>): Rule<T> {
  return {
    code: `${contract}.serials-missing`,
    promise: "A product that is tracked by serial number comes with its serial numbers.",
    fix: "Send one serial number per piece.",
    check(value, { references }, tell) {
      for (const part of parts(value, references)) {
        if (part.product?.tracking !== "serial" || part.serials !== undefined || isNothing(part)) continue;
        tell(
          breach(
            `${part.field}/serials`,
            undefined,
            `Product ${part.product.product} is tracked by serial number: send one serial number per piece.`,
          ),
        );
      }
    },
  };
}

function serialCountRule<T>(contract: string, parts: Parts<T>): Rule<T> {
  return {
    code: `${contract}.serials-count`,
    promise: "There are as many serial numbers as pieces, when serial numbers are given.",
    fix: "Send one serial number per piece.",
    check(value, { references }, tell) {
      for (const part of parts(value, references)) {
        if (part.serials === undefined || part.quantity === undefined) continue;
        const pieces = convert(part.quantity, "C62", part.product?.conversions);
        if (!pieces.ok || compareDecimals(pieces.quantity.value, String(part.serials.length)) === 0) continue;
        tell(
          breach(
            `${part.field}/serials`,
            part.serials.length,
            `Send ${pieces.quantity.value} serial numbers, one per piece, not ${part.serials.length}; or correct the quantity.`,
          ),
        );
      }
    },
  };
}

function unitRule<T>(contract: string, parts: Parts<T>): Rule<T> {
  return {
    code: `${contract}.unit-convertible`,
    promise: "Quantities convert into the product's base unit.",
    fix: "Send the quantity in the product's base unit, or add the conversion to the product.",
    check(value, { references }, tell) {
      for (const { product: known, quantity, field, quantityField = "quantity" } of parts(value, references)) {
        if (known === undefined || quantity === undefined || unitOf(known.unit) === undefined) continue;
        const converted = convert(quantity, known.unit, known.conversions);
        if (!converted.ok)
          tell(breach(`${field}/${quantityField}/unit`, quantity.unit, `${converted.problem} ${converted.fix}`));
      }
    },
  };
}

function isNothing(part: TrackedPart): boolean {
  return part.quantity !== undefined && !/[1-9]/.test(part.quantity.value);
}
