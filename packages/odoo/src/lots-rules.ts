import type { Finding } from "@lineshaft/core";
import type { CompleteOrder } from "./operations.ts";

/** Decimal places of a quantity, as its schema allows. */
const PLACES = 9;

/** What a schema cannot say about the lots of a report; sums over different units are left to Odoo. */
export function lotFindings({ lot, lots, serials, yield: good }: CompleteOrder): Finding[] {
  if (lots === undefined) return [];
  if (lot !== undefined || serials !== undefined) {
    return [
      {
        field: "/lots",
        rule: "completeOrder.lots",
        fix: `Change the mapping: with lots, leave out ${lot === undefined ? "serials" : "lot"}.`,
      },
    ];
  }
  if (lots.some(({ quantity }) => quantity.unit !== good.unit)) return [];
  const sum = lots.reduce((total, { quantity }) => total + scaled(quantity.value), 0n);
  if (sum === scaled(good.value)) return [];
  return [
    {
      field: "/lots",
      rule: "completeOrder.lots-sum",
      value: `${plain(sum)} ${good.unit}, the yield is ${good.value} ${good.unit}`,
      fix: "Correct the quantities of the lots, or the yield: together the lots are the yield.",
    },
  ];
}

function scaled(value: string): bigint {
  const [whole = "0", fraction = ""] = value.split(".");
  return BigInt(whole + fraction.padEnd(PLACES, "0"));
}

function plain(value: bigint): string {
  const digits = String(value).padStart(PLACES + 1, "0");
  return `${digits.slice(0, -PLACES)}.${digits.slice(-PLACES)}`.replace(/\.?0+$/, "");
}
