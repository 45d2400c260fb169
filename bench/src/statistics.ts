/** The middle value; of an even number of them the lower of the two in the middle. NaN of none. */
export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** The smallest value that at least `share` of the values do not exceed (nearest rank). NaN of none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

/** So many in so many ms, as a rate per second. */
export function perSecond(count: number, ms: number): number {
  return (count * 1_000) / ms;
}
