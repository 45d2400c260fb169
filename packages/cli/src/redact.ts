import { Secret } from "@lineshaft/core";

export const MASKED = "[masked]";

/** Deeper fields are left out of the log. */
const LOG_DEPTH = 6;
/** Most entries of one list or object that reach the log. */
const LOG_ENTRIES = 100;

/** Names whose values are never logged, whole or as the last word of a longer name: key, apiKey, x-api-key, accessToken. */
const secretWords = new Set([
  "key",
  "keys",
  "apikey",
  "password",
  "passwd",
  "pwd",
  "passphrase",
  "secret",
  "secrets",
  "authorization",
  "token",
  "tokens",
  "cookie",
  "cookies",
  "credential",
  "credentials",
  "csrf",
]);
/** The business key of a message is no secret, and its name ends alike. */
const harmless = new Set(["orderkey", "businesskey", "sourcekey"]);

/** A copy for the log: fields named like secrets masked at any depth, values of known secrets taken out of every text. */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value === "string") return Secret.mask(value);
  if (value === null || typeof value !== "object") return typeof value === "bigint" ? value.toString() : value;
  if (value instanceof Secret) return value.toString();
  if (value instanceof Error) return Secret.mask(`${value.name}: ${value.message}`);
  if (value instanceof Date) return value.toJSON();
  if (depth >= LOG_DEPTH) return "[deeper]";
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (Array.isArray(value)) return value.slice(0, LOG_ENTRIES).map((item) => redact(item, depth + 1));
  const entries: [string, unknown][] =
    value instanceof Map ? [...value].map(([name, inner]) => [String(name), inner]) : Object.entries(value);
  return Object.fromEntries(
    entries
      .slice(0, LOG_ENTRIES)
      .map(([name, inner]) => [name, isSecretName(name) && inner !== undefined ? MASKED : redact(inner, depth + 1)]),
  );
}

export function isSecretName(name: string): boolean {
  const words = name
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1-$2")
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter(Boolean);
  if (harmless.has(words.join(""))) return false;
  return secretWords.has(words.at(-1) ?? "") || secretWords.has(words.join(""));
}
