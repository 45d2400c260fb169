import type { UnitConversion } from "./contracts/product.ts";
import { Exact } from "./decimals.ts";
import { QUANTITY_DECIMALS, QUANTITY_INTEGER_DIGITS } from "./limits.ts";
import type { Quantity } from "./primitives.ts";
import { unitTable } from "./units-table.ts";
import type { Unit } from "./units-table.ts";

const units = new Map(unitTable.map((unit) => [unit.code, unit]));

/** The unit with this UN/ECE Recommendation 20 code. */
export function unitOf(code: string): Unit | undefined {
  return units.get(code);
}

/** Whether the model knows this UN/ECE Recommendation 20 code. */
export function isUnitCode(code: string): boolean {
  return units.has(code);
}

export type Converted =
  /** `exact: false`: the true value has no end within the allowed decimals and was rounded half to even. */
  { ok: true; quantity: Quantity; exact: boolean } | { ok: false; problem: string; fix: string };

/**
 * The same amount in another unit: by the units' definitions, and across dimensions by what the product's own units are
 * worth (1 BX = 24 C62), over several steps where need be. Exact unless the result does not end (10 MIN in HUR).
 */
export function convert(quantity: Quantity, toUnit: string, conversions: readonly UnitConversion[] = []): Converted {
  if (quantity.unit === toUnit) return { ok: true, quantity, exact: true };
  const from = units.get(quantity.unit);
  const to = units.get(toUnit);
  if (from === undefined || to === undefined) return unknownUnit(from === undefined ? quantity.unit : toUnit);
  const ratio = findRatio(from, to, conversions);
  if (ratio === undefined) return notConvertible(quantity.unit, toUnit);
  const shifted = new Exact(quantity.value).plus(from.offset ?? 0);
  const numerator = shifted.times(ratio.numerator);
  const result = numerator.div(ratio.denominator).minus(to.offset ?? 0);
  const rounded = result.toDecimalPlaces(QUANTITY_DECIMALS);
  if (rounded.abs().gte(new Exact(10).pow(QUANTITY_INTEGER_DIGITS))) return tooLarge(quantity, toUnit);
  const exact = rounded
    .plus(to.offset ?? 0)
    .times(ratio.denominator)
    .eq(numerator);
  return { ok: true, quantity: { value: rounded.isZero() ? "0" : rounded.toFixed(), unit: toUnit }, exact };
}

/** Whether `convert` can do it. */
export function isConvertible(fromUnit: string, toUnit: string, conversions: readonly UnitConversion[] = []): boolean {
  if (fromUnit === toUnit) return true;
  const from = units.get(fromUnit);
  const to = units.get(toUnit);
  return from !== undefined && to !== undefined && findRatio(from, to, conversions) !== undefined;
}

/** A ratio kept as a fraction: dividing once, at the end, is what keeps a chain of conversions exact. */
interface Ratio {
  numerator: Exact;
  denominator: Exact;
}

const one: Ratio = { numerator: new Exact(1), denominator: new Exact(1) };

/** Base units of a dimension per unit. */
function factorOf(unit: Unit): Ratio {
  const [numerator, denominator] = unit.factor.split("/");
  return { numerator: new Exact(numerator ?? "1"), denominator: new Exact(denominator ?? "1") };
}

function times(a: Ratio, b: Ratio): Ratio {
  return { numerator: a.numerator.times(b.numerator), denominator: a.denominator.times(b.denominator) };
}

function inverse({ numerator, denominator }: Ratio): Ratio {
  return { numerator: denominator, denominator: numerator };
}

function findRatio(from: Unit, to: Unit, conversions: readonly UnitConversion[]): Ratio | undefined {
  const between = from.dimension === to.dimension ? one : findBridge(from.dimension, to.dimension, conversions);
  return between && times(times(factorOf(from), between), inverse(factorOf(to)));
}

/** Base units of one dimension per base unit of another, by breadth-first search: the shortest chain wins. */
function findBridge(from: string, to: string, conversions: readonly UnitConversion[]): Ratio | undefined {
  const bridges = conversions.flatMap(bridgesOf);
  const reached = new Map<string, Ratio>([[from, one]]);
  for (const [dimension, ratio] of reached) {
    if (dimension === to) return ratio;
    for (const bridge of bridges)
      if (bridge.from === dimension && !reached.has(bridge.to)) reached.set(bridge.to, times(ratio, bridge.ratio));
  }
  return undefined;
}

/** One equation of a product, read in both directions. An equation with nought or an unknown unit says nothing. */
function bridgesOf({ quantity, equals }: UnitConversion): { from: string; to: string; ratio: Ratio }[] {
  const [left, right] = [units.get(quantity.unit), units.get(equals.unit)];
  if (left === undefined || right === undefined) return [];
  const leftBase = times({ numerator: new Exact(quantity.value), denominator: one.denominator }, factorOf(left));
  const rightBase = times({ numerator: new Exact(equals.value), denominator: one.denominator }, factorOf(right));
  if (leftBase.numerator.lte(0) || rightBase.numerator.lte(0)) return [];
  const ratio = times(rightBase, inverse(leftBase));
  return [
    { from: left.dimension, to: right.dimension, ratio },
    { from: right.dimension, to: left.dimension, ratio: inverse(ratio) },
  ];
}

function unknownUnit(code: string): Converted {
  return { ok: false, problem: `${code} is no known unit.`, fix: "Use a UN/ECE Recommendation 20 code." };
}

function notConvertible(from: string, to: string): Converted {
  const [a, b] = [units.get(from)?.name ?? from, units.get(to)?.name ?? to];
  return {
    ok: false,
    problem: `${from} (${a}) cannot be converted to ${to} (${b}).`,
    fix: `Send the quantity in ${to}, or add what one ${a} is worth in ${to} to the product's conversions.`,
  };
}

function tooLarge(quantity: Quantity, to: string): Converted {
  return {
    ok: false,
    problem: `${quantity.value} ${quantity.unit} has more than ${QUANTITY_INTEGER_DIGITS} digits in ${to}.`,
    fix: "Use a larger unit.",
  };
}
