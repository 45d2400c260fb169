/** Real payloads of a contract are not all of one size: these lie within a tenth of it, evenly, and as often above as below. */
export function spread(bytes: number, n: number): number {
  return Math.round(bytes * (0.9 + ((n * 7) % 11) / 50));
}
