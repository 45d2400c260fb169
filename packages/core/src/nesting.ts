import type { Fact } from "./connector.ts";

/** Deepest nesting of objects and arrays a payload may have. Deeper ones are refused: code that walks them would run out of stack. */
export const NESTING_LEVELS = 64;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/**
 * Makes sure that a fact whose payload nests too deep is refused, and kept as evidence, whoever parses it: its
 * translation says so. JSON.parse itself survives any depth; what walks the parsed value does not.
 */
export function refuseDeepNesting(fact: Fact & { raw: Uint8Array }): Fact {
  const levels = nestingDepth(fact.raw);
  if (levels <= NESTING_LEVELS) return fact;
  const translate = () => {
    throw new Error(`The payload nests ${levels} levels deep; at most ${NESTING_LEVELS} are taken. Send it flatter.`);
  };
  return { ...fact, translate };
}

/** How deep a JSON text nests, without parsing it: 0 for a number, 1 for `{}`. Text that is not JSON gives some number. */
export function nestingDepth(json: Uint8Array): number {
  let depth = 0;
  let deepest = 0;
  for (let i = 0; i < json.length; i++) {
    const byte = json[i];
    if (byte === QUOTE) i = endOfString(json, i);
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) deepest = Math.max(deepest, ++depth);
    else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) depth--;
  }
  return deepest;
}

/** Index of the quote that ends the string beginning at `start`, or the last index when none does. */
function endOfString(json: Uint8Array, start: number): number {
  for (let i = start + 1; i < json.length; i++) {
    if (json[i] === BACKSLASH) i++;
    else if (json[i] === QUOTE) return i;
  }
  return json.length;
}
