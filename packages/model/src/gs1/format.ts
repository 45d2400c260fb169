import { systemClock } from "@lineshaft/core";
import type { Gs1Element, Gs1Finding } from "./element.ts";
import { readElement } from "./element.ts";
import { identifierOf } from "./identifiers.ts";
import type { Identifier } from "./identifiers.ts";
import { GROUP_SEPARATOR } from "./parse.ts";
import type { Gs1Code } from "./parse.ts";
import { findRepeats, unknownIdentifier } from "./split.ts";
import type { RawElement } from "./split.ts";

export interface Gs1FormatOptions {
  /** `elements` for a printer, with GS where FNC1 stands; `bracketed` for people; `digital-link`. Default `elements`. */
  form?: Gs1Code["form"];
  /** Of a Digital Link; default `https://id.gs1.org`. */
  domain?: string;
  /** The present, ms since 1970, for the century of dates; default now. */
  now?: number;
}

export type Gs1Formatted = { ok: true; text: string } | { ok: false; findings: Gs1Finding[] };

/** The text of a code with these elements, in their order. Findings, as for a code that is read, when they don't make one. */
export function formatGs1(
  elements: readonly Pick<Gs1Element, "ai" | "value">[],
  { form = "elements", domain = "https://id.gs1.org", now = systemClock.now() }: Gs1FormatOptions = {},
): Gs1Formatted {
  const year = new Date(now).getUTCFullYear();
  const known: RawElement[] = [];
  const findings: Gs1Finding[] = [];
  for (const [position, { ai, value }] of elements.entries()) {
    const identifier = identifierOf(ai);
    const read = identifier && readElement(identifier, value, position, year);
    if (read === undefined || identifier === undefined) findings.push(unknownIdentifier(ai, position));
    else if ("meaning" in read) known.push({ identifier, value, position });
    else findings.push(read);
  }
  findings.push(...findRepeats(known));
  if (elements.length === 0)
    findings.push({ position: 0, rule: "gs1.empty", fix: "Give at least one element, such as a GTIN." });
  if (findings.length > 0) return { ok: false, findings };
  return form === "digital-link" ? toLink(known, domain) : { ok: true, text: toText(known, form) };
}

function toText(elements: readonly RawElement[], form: "elements" | "bracketed"): string {
  if (form === "bracketed")
    return elements.map(({ identifier, value }) => `(${identifier.ai})${value.replaceAll("(", "\\(")}`).join("");
  return elements
    .map(({ identifier, value }, at) => {
      const ends = identifier.predefined || at === elements.length - 1;
      return `${identifier.ai}${value}${ends ? "" : GROUP_SEPARATOR}`;
    })
    .join("");
}

/** The key, then its qualifiers in their order, then the rest as the query. */
function toLink(elements: readonly RawElement[], domain: string): Gs1Formatted {
  const key = elements.find(({ identifier }) => identifier.qualifiers !== undefined);
  if (key === undefined) {
    const fix = "A Digital Link needs a key, such as a GTIN (01) or an SSCC (00).";
    return { ok: false, findings: [{ position: 0, rule: "gs1.link-key", fix }] };
  }
  const path = [key, ...qualifiersOf(key.identifier, elements)];
  const rest = elements.filter((each) => !path.includes(each));
  const pathText = path.map(({ identifier, value }) => `/${identifier.ai}/${encodeURIComponent(value)}`).join("");
  const query = rest.map(({ identifier, value }) => `${identifier.ai}=${encodeURIComponent(value)}`).join("&");
  return { ok: true, text: `${domain.replace(/\/+$/, "")}${pathText}${query === "" ? "" : `?${query}`}` };
}

/** Of the alternatives the one that takes most of them. */
function qualifiersOf(key: Identifier, elements: readonly RawElement[]): RawElement[] {
  const alternatives = (key.qualifiers ?? []).map((sequence) =>
    sequence.flatMap((ai) => elements.find(({ identifier }) => identifier.ai === ai) ?? []),
  );
  return alternatives.reduce((best, each) => (each.length > best.length ? each : best), []);
}
