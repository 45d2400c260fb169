/** Quantities of SAP have three decimals; they are counted in thousandths so that nothing is ever rounded. */
export type Amount = bigint;

/** @returns undefined when the text is no quantity of at most ten and three digits */
export function parseAmount(text: string): Amount | undefined {
  const match = /^(-?)(\d{1,10})(?:\.(\d{1,3}))?$/.exec(text);
  if (!match) return undefined;
  const amount = BigInt(match[2] ?? "0") * 1000n + BigInt((match[3] ?? "").padEnd(3, "0"));
  return match[1] === "-" ? -amount : amount;
}

/** `12.500` */
export function showAmount(amount: Amount): string {
  const digits = (amount < 0n ? -amount : amount).toString().padStart(4, "0");
  return `${amount < 0n ? "-" : ""}${digits.slice(0, -3)}.${digits.slice(-3)}`;
}

export function amountOf(value: unknown): Amount {
  return (typeof value === "string" ? parseAmount(value) : undefined) ?? 0n;
}
