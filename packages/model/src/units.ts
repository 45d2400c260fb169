const codes = new Set(["C62", "KGM"]);
export function isUnitCode(code: string): boolean {
  return codes.has(code);
}
