import { hash } from "node:crypto";

/**
 * PostgreSQL's text holds neither U+0000 nor halves of surrogate pairs, and a source may send both: in an id, a key, a
 * payload. Each such character, and the sign itself, is written as U+001A (substitute) and four hexadecimal digits; two
 * different texts stay different, so that ids and keys still tell facts apart.
 */
const SIGN = "\u001a";

// oxlint-disable no-control-regex -- U+0000 and U+001A are what is looked for
const suspect = /[\0\u001a\ud800-\udfff]/;
const unstorable = /[\0\u001a]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
const escaped = /\u001a([0-9a-f]{4})/g;

export function toStored(text: string): string;
export function toStored(text: string | undefined): string | undefined;
export function toStored(text: string | null): string | null;
export function toStored(text: string | null | undefined): string | null | undefined {
  if (text === null || text === undefined || !suspect.test(text)) return text;
  return text.replace(unstorable, (char) => SIGN + char.charCodeAt(0).toString(16).padStart(4, "0"));
}

/** Longest text that an index holds in full, in characters; its entries may have 2,704 bytes. */
const INDEXED_CHARS = 200;

/** For columns that are only ever compared: a long text as its beginning and its SHA-256. No other stored text looks so. */
export function toIndexed(text: string): string {
  if (typeof text !== "string" || text.length <= INDEXED_CHARS) return toStored(text);
  return `${toStored(text.slice(0, 40))}${SIGN}#${hash("sha256", toStored(text), "hex")}`;
}

export function fromStored(text: string): string {
  if (!text.includes(SIGN)) return text;
  return text.replace(escaped, (_all, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}
