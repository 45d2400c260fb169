import { createHash } from "node:crypto";

const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** `RequestID` of SAP Gateway's idempotent services: 32 hexadecimal digits, the same for each try of a delivery. */
export function requestId(token: string): string {
  return hash("request", token).subarray(0, 16).toString("hex").toUpperCase();
}

/** `ExternalSystemConfirmation`: a GUID by which a confirmation is found again. */
export function confirmationGuid(token: string): string {
  const bytes = hash("confirmation", token).subarray(0, 16);
  // RFC 9562 version 8: made by a rule of our own.
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/** `ReferenceDocument`: 16 characters of base32, 80 bits. SAP keeps the field in upper case. */
export function referenceDocument(token: string): string {
  const bytes = hash("reference", token);
  let bits = 0n;
  for (const byte of bytes.subarray(0, 10)) bits = (bits << 8n) | BigInt(byte);
  let text = "";
  for (let i = 0; i < 16; i++) {
    text = BASE32.charAt(Number(bits & 31n)) + text;
    bits >>= 5n;
  }
  return text;
}

/** SAP's alpha conversion: a number gets leading zeros up to the field's length, anything else stays as it is. */
export function alpha(value: string, length: number): string {
  return /^\d+$/.test(value) ? value.padStart(length, "0") : value;
}

/** The other way: without leading zeros. */
export function unalpha(value: string): string {
  return /^\d+$/.test(value) ? value.replace(/^0+(?=.)/, "") : value;
}

function hash(purpose: string, token: string): Buffer {
  return createHash("sha256").update(`lineshaft ${purpose} ${token}`).digest();
}
