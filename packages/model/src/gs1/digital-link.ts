import type { Gs1Finding } from "./element.ts";
import { nameOf } from "./element.ts";
import { identifierOf } from "./identifiers.ts";
import type { Identifier } from "./identifiers.ts";
import type { RawElement, Split } from "./split.ts";
import { unknownIdentifier } from "./split.ts";

const link = /^https?:\/\/[^/?#]+(\/[^?#]*)?(\?[^#]*)?(#.*)?$/i;

export function looksLikeLink(text: string): boolean {
  return /^https?:\/\//i.test(text);
}

/** A GS1 Digital Link URI: key and qualifiers in its path, whatever comes before them, and more in its query. */
export function splitDigitalLink(text: string): Split {
  const [, path = "", query = ""] = link.exec(text) ?? [];
  const pathAt = text.indexOf("/", text.indexOf("://") + 3);
  const segments = segmentsOf(path, pathAt);
  const keyAt = findKey(segments);
  const key = identifierOf(segments[keyAt]?.text ?? "");
  if (key === undefined) return { elements: [], findings: [noKey(text, segments.at(-1)?.text ?? "")] };
  const split: Split = { elements: [], findings: [] };
  for (let at = keyAt; at < segments.length; at += 2) addPair(split, segments[at], segments[at + 1]);
  split.findings.push(...qualifierFindings(key, split.elements));
  for (const parameter of segmentsOf(query.replace("?", "&"), text.indexOf("?"), "&")) addParameter(split, parameter);
  return split;
}

interface Segment {
  text: string;
  position: number;
}

function segmentsOf(text: string, from: number, mark = "/"): Segment[] {
  const segments: Segment[] = [];
  let position = from;
  for (const part of text.split(mark)) {
    segments.push({ text: part, position });
    position += part.length + mark.length;
  }
  // What stands before the first mark, and after a last one, is nothing.
  return segments.slice(1, segments.at(-1)?.text === "" ? -1 : undefined);
}

/** Read from the end, in pairs, because a domain's own path may look like anything. */
function findKey(segments: readonly Segment[]): number {
  for (let at = segments.length - 2; at >= 0; at -= 2) {
    const identifier = identifierOf(segments[at]?.text ?? "");
    if (identifier === undefined) return -1;
    if (identifier.qualifiers !== undefined) return at;
  }
  return -1;
}

function addPair(split: Split, head: Segment | undefined, value: Segment | undefined): void {
  const identifier = identifierOf(head?.text ?? "");
  if (head === undefined || value === undefined || identifier === undefined) return;
  add(split, identifier, value.text, head.position);
}

function addParameter(split: Split, { text, position }: Segment): void {
  const equals = text.indexOf("=");
  const name = equals < 0 ? text : text.slice(0, equals);
  // What is not a number is the domain's own business, or one of the standard's words, such as linkType.
  if (!/^[0-9]+$/.test(name)) return;
  const identifier = identifierOf(name);
  if (identifier === undefined) split.findings.push(unknownIdentifier(name, position));
  else add(split, identifier, text.slice(equals + 1).replaceAll("+", "%20"), position);
}

function add({ elements, findings }: Split, identifier: Identifier, encoded: string, position: number): void {
  const value = decode(encoded);
  if (value !== undefined) elements.push({ identifier, value: widenGtin(identifier, value), position });
  else
    findings.push({
      position,
      ai: identifier.ai,
      rule: "gs1.percent-encoding",
      value: encoded,
      fix: `${nameOf(identifier)} is not percent-encoded as UTF-8: ${encoded}. Correct the link.`,
    });
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** Links of the standard's first versions have GTINs of 8, 12 or 13 digits. */
function widenGtin({ ai }: Identifier, value: string): string {
  return ai === "01" && /^(?:[0-9]{8}|[0-9]{12,13})$/.test(value) ? value.padStart(14, "0") : value;
}

/** What stands after the key belongs to it, and in order. */
function qualifierFindings(key: Identifier, elements: readonly RawElement[]): Gs1Finding[] {
  const given = elements.slice(1).map((each) => each.identifier.ai);
  const allowed = key.qualifiers ?? [];
  if (allowed.some((sequence) => isSubsequence(given, sequence))) return [];
  const wanted = allowed.map((sequence) => sequence.join(", ")).join(" or ") || "nothing";
  const fix = `After ${nameOf(key)} the path may have ${wanted}, in this order; what else there is belongs into the query.`;
  return [{ position: elements[1]?.position ?? 0, ai: key.ai, rule: "gs1.qualifiers", value: given.join(", "), fix }];
}

function isSubsequence(given: readonly string[], sequence: readonly string[]): boolean {
  let at = -1;
  return given.every((ai) => {
    const next = sequence.indexOf(ai, at + 1);
    at = next;
    return next >= 0;
  });
}

function noKey(text: string, last: string): Gs1Finding {
  const compressed = /^[-0-9A-Z_a-z]{10,}$/.test(last) && /[A-Z]/.test(last) && /[a-z0-9]/.test(last);
  return compressed
    ? {
        position: text.lastIndexOf(last),
        rule: "gs1.link-compressed",
        value: last,
        fix: "This may be a compressed Digital Link, which is not read here. Have the labels printed with the uncompressed link.",
      }
    : {
        position: 0,
        rule: "gs1.link-key",
        value: text.slice(0, 80),
        fix: "The link has no GS1 key, such as /01/04012345678901, at the end of its path. It may be any web page; scan the product's code.",
      };
}
