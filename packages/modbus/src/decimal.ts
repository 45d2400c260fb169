/** An exact decimal number: `digits` over ten to the power of `places`. */
export interface Decimal {
  digits: bigint;
  places: number;
}

const shape = /^(-?)(0|[1-9][0-9]{0,30})(?:\.([0-9]{1,30}))?$/;

/** @returns undefined when the text is no decimal: `0.1`, `-40`; no exponent, no `+`, no leading zeros */
export function parseDecimal(text: string): Decimal | undefined {
  const [, sign = "", whole = "", fraction = ""] = shape.exec(text) ?? [];
  return whole === "" ? undefined : { digits: BigInt(`${sign}${whole}${fraction}`), places: fraction.length };
}

/** Of a finite double: the shortest decimal that reads back as the same double. */
export function decimalOf(value: number): Decimal {
  const [mantissa = "0", exponent = "0"] = value.toString().split("e");
  const [whole = "0", fraction = ""] = mantissa.split(".");
  const digits = BigInt(`${whole}${fraction}`);
  const places = fraction.length - Number(exponent);
  return places >= 0 ? { digits, places } : { digits: digits * 10n ** BigInt(-places), places: 0 };
}

export function multiply(a: Decimal, b: Decimal): Decimal {
  return { digits: a.digits * b.digits, places: a.places + b.places };
}

export function add(a: Decimal, b: Decimal): Decimal {
  const places = Math.max(a.places, b.places);
  return { digits: widen(a, places) + widen(b, places), places };
}

/** Whether two numbers are at most this far apart. */
export function within(a: Decimal, b: Decimal, most: Decimal): boolean {
  const distance = add(a, { ...b, digits: -b.digits });
  const places = Math.max(distance.places, most.places);
  const wide = widen(distance, places);
  return (wide < 0n ? -wide : wide) <= widen(most, places);
}

/** `12.5`: no exponent, no zeros at the end of a fraction. */
export function showDecimal({ digits, places }: Decimal): string {
  const sign = digits < 0n ? "-" : "";
  const text = (digits < 0n ? -digits : digits).toString().padStart(places + 1, "0");
  const fraction = text.slice(text.length - places).replace(/0+$/, "");
  return places === 0 ? sign + text : `${sign}${text.slice(0, -places)}${fraction && `.${fraction}`}`;
}

function widen({ digits, places }: Decimal, to: number): bigint {
  return digits * 10n ** BigInt(to - places);
}
