/** GS1 General Specifications §7.9.1: weights 3 and 1 from the right. */
export function checkDigitOf(digits: string): string {
  let sum = 0;
  for (let at = 0; at < digits.length; at++) {
    const weight = (digits.length - at) % 2 === 1 ? 3 : 1;
    sum += weight * (digits.charCodeAt(at) - 48);
  }
  return String((10 - (sum % 10)) % 10);
}

/** Characters of set 82 in the order of their weights (§7.11). */
const set82 = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz";
const set32 = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
const primes = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83];

/** §7.9.5, of a GMN: primes as weights from the right, modulo 1021. */
export function checkPairOf(text: string): string {
  const sum = text
    .split("")
    .reduce((sum, character, at) => sum + set82.indexOf(character) * (primes[text.length - 1 - at] ?? 0), 0);
  return `${set32[(sum % 1021) >> 5] ?? ""}${set32[(sum % 1021) & 31] ?? ""}`;
}

/** Whether every character may stand in a value of this kind. @returns the place of the first that may not, or -1 */
export function strangeCharacter(text: string, set: "N" | "X" | "Y" | "Z"): number {
  return text.search(strangers[set]);
}

const strangers = {
  N: /[^0-9]/,
  X: /[^!"%&'()*+,\-./0-9:;<=>?A-Z_a-z]/,
  Y: /[^#\-/0-9A-Z]/,
  Z: /[^-A-Z_a-z0-9=]/,
};
