import { systemClock } from "@lineshaft/core";
import { looksLikeLink, splitDigitalLink } from "./digital-link.ts";
import { readElement } from "./element.ts";
import type { Gs1Element, Gs1Finding } from "./element.ts";
import { findRepeats, splitBracketed, splitElementString } from "./split.ts";
import type { Split } from "./split.ts";

/** Longest text of a code, in characters: a link may be as long as a browser takes. */
export const CODE_CHARS = 4_096;

/** FNC1 within a code as scanners send it: GS, ASCII 29. */
export const GROUP_SEPARATOR = "\u001d";

export interface Gs1ParseOptions {
  /** The present, ms since 1970, for the century of dates; default now. */
  now?: number;
  /** What the scanner sends for FNC1; default GS (ASCII 29). */
  separator?: string;
}

/** What a code says. Elements that are wrong are not among `elements`, but among `findings`. */
export interface Gs1Code {
  form: "elements" | "bracketed" | "digital-link";
  /** Symbology identifier that the scanner put before it, `]d2`. */
  symbology?: string;
  elements: Gs1Element[];
  findings: Gs1Finding[];
}

/** GS1-128, DataBar and composites, DataMatrix, QR, DotCode with FNC1 first (GS1 General Specifications §5). */
const gs1Symbologies = ["C1", "e0", "e1", "e2", "d2", "Q3", "J1"];
/** EAN-13 and UPC, EAN-8, ITF-14: a GTIN and nothing else. */
const gtinSymbologies = ["E0", "E4", "I1"];

/**
 * Reads a scanned code: an element string with or without symbology identifier, the bracketed form for people, or a
 * Digital Link. Never throws; what is wrong is in `findings`, each with its place and what to do.
 */
export function parseGs1(
  text: string,
  { now = systemClock.now(), separator = GROUP_SEPARATOR }: Gs1ParseOptions = {},
): Gs1Code {
  const [, symbology] = /^\]([A-Za-z][0-9A-Za-z])/.exec(text) ?? [];
  const body = text.slice(symbology === undefined ? 0 : 3);
  const code: Gs1Code = {
    form: formOf(body),
    elements: [],
    findings: [],
    ...(symbology !== undefined && { symbology: `]${symbology}` }),
  };
  const problem = problemOf(text, body, symbology, code.form);
  if (problem !== undefined) return { ...code, findings: [problem] };
  const begin = text.length - body.length;
  const { elements, findings } = splitText(text, begin, code.form, {
    symbology,
    separator: separator || GROUP_SEPARATOR,
  });
  const year = new Date(now).getUTCFullYear();
  code.findings.push(...findings, ...findRepeats(elements));
  const read = new Set<string>();
  for (const { identifier, value, position } of elements) {
    if (read.has(`${identifier.ai}${value}`)) continue;
    read.add(`${identifier.ai}${value}`);
    const element = readElement(identifier, value, position, year);
    if ("meaning" in element) code.elements.push(element);
    else code.findings.push(element);
  }
  code.findings.sort((a, b) => a.position - b.position);
  return code;
}

function formOf(body: string): Gs1Code["form"] {
  if (looksLikeLink(body)) return "digital-link";
  return body.startsWith("(") ? "bracketed" : "elements";
}

function splitText(
  text: string,
  begin: number,
  form: Gs1Code["form"],
  { symbology, separator }: { symbology: string | undefined; separator: string },
): Split {
  const moved = (split: Split): Split => ({
    elements: split.elements.map((each) => ({ ...each, position: each.position + begin })),
    findings: split.findings.map((each) => ({ ...each, position: each.position + begin })),
  });
  const body = text.slice(begin);
  if (form === "digital-link") return moved(splitDigitalLink(body));
  if (form === "bracketed") return moved(splitBracketed(body));
  if (symbology !== undefined && gtinSymbologies.includes(symbology) && /^[0-9]{8,14}$/.test(body))
    return moved(splitBracketed(`(01)${body.padStart(14, "0")}`));
  return splitElementString(text, begin, separator);
}

function problemOf(
  text: string,
  body: string,
  symbology: string | undefined,
  form: Gs1Code["form"],
): Gs1Finding | undefined {
  if (body === "") return { position: 0, rule: "gs1.empty", value: text, fix: "The code is empty. Scan it again." };
  if (text.length > CODE_CHARS)
    return {
      position: CODE_CHARS,
      rule: "gs1.too-long",
      fix: `The code has ${text.length} characters; at most ${CODE_CHARS} are read.`,
    };
  if (symbology === undefined || form === "digital-link") return undefined;
  if ([...gs1Symbologies, ...gtinSymbologies].includes(symbology)) return undefined;
  return {
    position: 0,
    rule: "gs1.symbology",
    value: `]${symbology}`,
    fix: `A code of symbology ]${symbology} carries no GS1 data (]C1, ]e0, ]d2, ]Q3 and ]J1 do). Scan the GS1 code, or read this one by its own rules.`,
  };
}
