import type { Quantity } from "@lineshaft/model";

/** A decimal as a whole number of its last digit: `12.5` at scale 1 is 125. Exact, where floating point is not. */
export function toSteps(decimal: string, scale: number): number {
  const [whole = "0", fraction = ""] = decimal.split(".");
  if (fraction.length > scale) throw new Error(`${decimal} has more than ${scale} digits after the point`);
  return Number(whole + fraction.padEnd(scale, "0"));
}

/** The other way round, without needless zeros: 120 at scale 1 is `12`. */
export function fromSteps(steps: number, scale: number): string {
  const digits = String(steps).padStart(scale + 1, "0");
  const fraction = digits.slice(digits.length - scale).replace(/0+$/, "");
  const whole = digits.slice(0, digits.length - scale);
  return scale === 0 || fraction === "" ? (scale === 0 ? digits : whole) : `${whole}.${fraction}`;
}

export function quantityOf(steps: number, scale: number, unit: string): Quantity {
  return { value: fromSteps(steps, scale), unit };
}

/** So many steps of a product times what one unit of it takes; exact. */
export function share(steps: number, scale: number, each: string): string {
  const eachScale = each.split(".")[1]?.length ?? 0;
  return fromSteps(steps * toSteps(each, eachScale), scale + eachScale);
}
