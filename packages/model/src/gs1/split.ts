import type { Gs1Finding } from "./element.ts";
import { nameOf } from "./element.ts";
import { identifierOf, leadingIdentifier } from "./identifiers.ts";
import type { Identifier } from "./identifiers.ts";

/** An element before anything is known of its value. */
export interface RawElement {
  identifier: Identifier;
  value: string;
  position: number;
}

export interface Split {
  elements: RawElement[];
  findings: Gs1Finding[];
}

/** A plain element string, values of variable length ended by a separator. */
export function splitElementString(text: string, from: number, separator: string): Split {
  const split: Split = { elements: [], findings: [] };
  let at = from;
  while (at < text.length) {
    if (text.startsWith(separator, at)) {
      at += separator.length;
      continue;
    }
    const identifier = leadingIdentifier(text, at);
    if (identifier === undefined) {
      split.findings.push(unknownIdentifier(text.slice(at, at + 4), at));
      const next = text.indexOf(separator, at);
      if (next < 0) break;
      at = next;
      continue;
    }
    const begin = at + identifier.ai.length;
    const end = endOfValue(text, begin, identifier, separator);
    split.elements.push({ identifier, value: text.slice(begin, end), position: at });
    at = end;
  }
  return split;
}

/** The form for people, `(01)04012345678901(10)L-77`; a bracket within a value is written `\(`. */
export function splitBracketed(text: string): Split {
  const split: Split = { elements: [], findings: [] };
  const heads = [...text.matchAll(/(?<!\\)\(([0-9]{2,4})\)/g)];
  if (heads[0]?.index !== 0) split.findings.push(noBrackets(text));
  for (const [nth, head] of heads.entries()) {
    const ai = head[1] ?? "";
    const value = text.slice(head.index + head[0].length, heads[nth + 1]?.index).replaceAll("\\(", "(");
    const identifier = identifierOf(ai);
    if (identifier === undefined) split.findings.push(unknownIdentifier(ai, head.index));
    else split.elements.push({ identifier, value: value.replace(/ +$/, ""), position: head.index });
  }
  return split;
}

export function unknownIdentifier(text: string, position: number): Gs1Finding {
  return {
    position,
    rule: "gs1.identifier-unknown",
    value: text,
    fix: `No application identifier begins with ${text}. The separator before it may be missing, or this is no GS1 code.`,
  };
}

function noBrackets(text: string): Gs1Finding {
  return {
    position: 0,
    rule: "gs1.brackets",
    value: text.slice(0, 40),
    fix: "Write each application identifier in brackets, such as (01)04012345678901(10)L-77.",
  };
}

function endOfValue(text: string, begin: number, { predefined, most }: Identifier, separator: string): number {
  const next = text.indexOf(separator, begin);
  const end = next < 0 ? text.length : next;
  return predefined ? Math.min(end, begin + most) : end;
}

/** The same element twice is one; with two values it is unclear which holds. */
export function findRepeats(elements: readonly RawElement[]): Gs1Finding[] {
  const known = new Map<string, string>();
  return elements.flatMap(({ identifier, value, position }) => {
    const first = known.get(identifier.ai);
    known.set(identifier.ai, first ?? value);
    if (first === undefined || first === value) return [];
    const fix = `${nameOf(identifier)} stands twice, with ${first} and ${value}. Scan one label at a time.`;
    return [{ position, ai: identifier.ai, rule: "gs1.repeated", value, fix }];
  });
}
