/** A batch taken apart, or why it can't be. Taking apart ends with one item more than `most`. */
export type Items = { items: Buffer[] } | { problem: string };

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/**
 * Cuts a JSON array into the bytes of its items, as they came. Items are not parsed: a malformed one is refused by
 * itself, as long as its brackets and quotes are in pairs.
 */
export function splitArray(body: Buffer, most: number): Items {
  const start = skipSpace(body, 0);
  if (body[start] !== OPEN_BRACKET) return { problem: "The body does not begin with `[`." };
  const items: Buffer[] = [];
  let depth = 0;
  let from = start + 1;
  for (let i = start; i < body.length; i++) {
    const byte = body[i];
    if (byte === QUOTE) {
      i = endOfString(body, i);
    } else if (byte === OPEN_BRACKET || byte === OPEN_BRACE) {
      depth++;
    } else if (byte === CLOSE_BRACKET || byte === CLOSE_BRACE) {
      depth--;
    }
    if (depth === 1 && byte === COMMA) {
      items.push(trim(body, from, i));
      from = i + 1;
      if (items.length > most) return { items };
    }
    if (depth === 0) return closed(body, i, items, from);
  }
  return { problem: `The array is not closed; the body ends after ${body.length} bytes.` };
}

/** The array's last bracket is at `end`: nothing may follow, and an empty array has no items. */
function closed(body: Buffer, end: number, items: Buffer[], from: number): Items {
  if (body[end] !== CLOSE_BRACKET) return { problem: `The array is closed by \`}\` at byte ${end}.` };
  const after = skipSpace(body, end + 1);
  if (after < body.length) return { problem: `Something follows the array at byte ${after}.` };
  const last = trim(body, from, end);
  return { items: items.length === 0 && last.length === 0 ? [] : [...items, last] };
}

/** Cuts NDJSON into its lines; empty ones are passed over. */
export function splitLines(body: Buffer, most: number): Items {
  const items: Buffer[] = [];
  for (let from = 0; from < body.length && items.length <= most;) {
    const newline = body.indexOf(0x0a, from);
    const end = newline === -1 ? body.length : newline;
    const line = trim(body, from, end);
    if (line.length > 0) items.push(line);
    from = end + 1;
  }
  return { items };
}

/** Index of the closing quote, or the last byte when there is none. */
function endOfString(body: Buffer, start: number): number {
  for (let i = start + 1; i < body.length; i++) {
    if (body[i] === BACKSLASH) i++;
    else if (body[i] === QUOTE) return i;
  }
  return body.length;
}

function skipSpace(body: Buffer, from: number): number {
  let at = from;
  while (at < body.length && isSpace(body[at])) at++;
  return at;
}

function trim(body: Buffer, from: number, end: number): Buffer {
  const start = Math.min(skipSpace(body, from), end);
  let last = end;
  while (last > start && isSpace(body[last - 1])) last--;
  return body.subarray(start, last);
}

/** JSON's white space (RFC 8259 §2). */
function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
