import { compareDecimals, isPositive, isZero, sumDecimals } from "./decimals.ts";
import { CLOCK_SKEW_MS, LONGEST_SPAN_MS } from "./limits.ts";
import type { Quantity } from "./primitives.ts";
import { breach } from "./rules.ts";
import type { Breach, Rule } from "./rules.ts";
import { convert } from "./units.ts";
import type { UnitConversion } from "./contracts/product.ts";
import { timeToMs } from "./times.ts";

/** A value and where it stands in the message. */
export interface Placed<V> {
  /** JSON pointer; its `*` stands for the index. */
  at: string;
  index?: number;
  value: V;
}

/** The JSON pointer of a place; made only when there is something to say of it. */
export function fieldOf({ at, index }: Placed<unknown>): string {
  return index === undefined ? at : at.replace("*", String(index));
}

/** Made once: most messages leave most lists out. */
const nothing: readonly never[] = [];

/** The same field of every entry of a list, with its place. Entries without the field are left out. */
export function each<Item, V>(
  list: readonly Item[] | undefined,
  at: string,
  pick: (item: Item) => V | undefined,
): readonly Placed<V>[] {
  if (list === undefined) return nothing;
  const places: Placed<V>[] = [];
  for (let i = 0; i < list.length; i++) {
    const value = pick(list[i] as Item);
    if (value !== undefined) places.push({ at, index: i, value });
  }
  return places;
}

/** One field that may be missing, with its place. */
export function at<V>(field: string, value: V | undefined): readonly Placed<V>[] {
  return value === undefined ? nothing : [{ at: field, value }];
}

/** Quantities that make no sense when nought. Negative ones have a rule of their own. */
export function positiveRule<T>(code: string, what: string, pick: (value: T) => Iterable<Placed<Quantity>>): Rule<T> {
  return {
    code,
    promise: `${what} is more than nought.`,
    fix: "Give the true quantity, or leave the entry out.",
    check(value, _context, tell) {
      for (const place of pick(value))
        if (isZero(place.value.value)) tell(breach(`${fieldOf(place)}/value`, place.value.value));
    },
  };
}

/** Names that may appear only once. */
export function uniqueRule<T>(code: string, what: string, pick: (value: T) => readonly Placed<string>[]): Rule<T> {
  return {
    code,
    promise: `${what} appears only once.`,
    fix: "Name each only once; add up the quantities where it is the same thing.",
    check(value, _context, tell) {
      const places = pick(value);
      if (places.length < 2) return;
      const seen = new Set<string>();
      for (const place of places) {
        if (seen.has(place.value)) tell(breach(fieldOf(place), place.value));
        seen.add(place.value);
      }
    },
  };
}

/** Two times of which the second does not lie before the first. `past`: neither may be ahead of now. */
export function spanRules<T>(options: {
  contract: string;
  start: keyof T & string;
  end: keyof T & string;
  past: boolean;
}): Rule<T>[] {
  const { contract, start, end } = options;
  const times = (value: T) => [value[start], value[end]] as [string | undefined, string | undefined];
  const rules: Rule<T>[] = [
    {
      code: `${contract}.${kebab(end)}-after-start`,
      promise: `${end} does not lie before ${start}.`,
      fix: `Correct ${start} or ${end}; look at their time zones too.`,
      check(value, _context, tell) {
        const [from, to] = times(value);
        if (from === undefined || to === undefined) return;
        if (timeToMs(to) < timeToMs(from))
          tell(
            breach(
              `/${end}`,
              to,
              `${end} lies before ${start} (${from}): correct one of them; look at their time zones too.`,
            ),
          );
      },
    },
  ];
  return options.past ? [...rules, ...pastRules<T>(contract, start, end, times)] : rules;
}

function pastRules<T>(
  contract: string,
  start: string,
  end: string,
  times: (value: T) => [string | undefined, string | undefined],
): Rule<T>[] {
  return [
    {
      code: `${contract}.${kebab(end)}-not-ahead`,
      promise: `Neither ${start} nor ${end} is more than ${CLOCK_SKEW_MS / 60_000} minutes ahead of the hub's clock.`,
      fix: "Report what has happened, not what is planned; look at the clock and the time zone of the source.",
      check(value, { now }, tell) {
        const [from, to] = times(value);
        if (from !== undefined && timeToMs(from) > now + CLOCK_SKEW_MS) tell(breach(`/${start}`, from));
        if (to !== undefined && timeToMs(to) > now + CLOCK_SKEW_MS) tell(breach(`/${end}`, to));
      },
    },
    {
      code: `${contract}.span-plausible`,
      promise: `${start} and ${end} lie at most ${LONGEST_SPAN_MS / 86_400_000} days apart.`,
      fix: `Correct ${start}; a clock that was never set often shows 1970 or 2000.`,
      check(value, _context, tell) {
        const [from, to] = times(value);
        if (from === undefined || to === undefined) return;
        if (timeToMs(to) - timeToMs(from) > LONGEST_SPAN_MS) tell(breach(`/${start}`, from));
      },
    },
  ];
}

/** A field that must be there under a condition. */
export function neededRule<T>(rule: {
  code: string;
  promise: string;
  fix: string;
  field: string;
  missing(value: T): boolean;
}): Rule<T> {
  return {
    code: rule.code,
    promise: rule.promise,
    fix: rule.fix,
    check(value, _context, tell) {
      if (rule.missing(value)) tell(breach(rule.field));
    },
  };
}

/** Whether a text that should say something says nothing. */
export function isBlank(text: string | undefined): boolean {
  return text === undefined || text.trim() === "";
}

/** Sum in one unit. Undefined when one of them cannot be converted, which is another rule's finding. */
export function sumIn(
  unit: string,
  quantities: Iterable<Quantity>,
  conversions: readonly UnitConversion[] | undefined,
): string | undefined {
  const values: string[] = [];
  for (const quantity of quantities) {
    const converted = convert(quantity, unit, conversions);
    if (!converted.ok) return undefined;
    values.push(converted.quantity.value);
  }
  return values.length === 1 ? values[0] : sumDecimals(values);
}

/** Negative, 0 or positive as `a` is smaller, equal or larger. Undefined when the units do not convert. */
export function compareQuantities(
  a: Quantity,
  b: Quantity,
  conversions?: readonly UnitConversion[],
): number | undefined {
  const converted = convert(a, b.unit, conversions);
  return converted.ok ? compareDecimals(converted.quantity.value, b.value) : undefined;
}

/** Tells where a quantity does not convert into a unit. */
export function checkUnits(
  places: readonly Placed<Quantity>[],
  unit: string,
  conversions: readonly UnitConversion[] | undefined,
  tell: (breach: Breach) => void,
): void {
  for (const place of places) {
    const converted = convert(place.value, unit, conversions);
    if (!converted.ok)
      tell(breach(`${fieldOf(place)}/unit`, place.value.unit, `${converted.problem} ${converted.fix}`));
  }
}

/** Whether it is more than nought; for use on what may be missing. */
export function isSome(quantity: Quantity | undefined): boolean {
  return quantity !== undefined && isPositive(quantity.value);
}

function kebab(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
