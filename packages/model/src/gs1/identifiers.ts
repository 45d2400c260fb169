import { identifierTable, predefinedPrefixes } from "./table.ts";
import type { IdentifierRow } from "./table.ts";

/** An application identifier as it stands in a code, its decimals known. */
export interface Identifier {
  ai: string;
  name: string;
  parts: readonly Part[];
  /** Longest and shortest value. */
  most: number;
  least: number;
  /** The value ends by its length, and no separator need follow. */
  predefined: boolean;
  unit: string | undefined;
  /** Of a measure or an amount. */
  decimals: number | undefined;
  /** Of one that may lead a Digital Link. */
  qualifiers: readonly (readonly string[])[] | undefined;
}

/** A part of a value: so many characters of a set. */
export interface Part {
  characters: "N" | "X" | "Y" | "Z";
  least: number;
  most: number;
  optional: boolean;
  checks: readonly string[];
}

/** Longest application identifier, in digits. */
export const IDENTIFIER_DIGITS = 4;

const identifiers = new Map(identifierTable.flatMap(compileRow).map((each) => [each.ai, each]));

export function identifierOf(ai: string): Identifier | undefined {
  return identifiers.get(ai);
}

/** The one that the text begins with; none begins another one. */
export function leadingIdentifier(text: string, at: number): Identifier | undefined {
  for (let digits = 2; digits <= IDENTIFIER_DIGITS; digits++) {
    const found = identifiers.get(text.slice(at, at + digits));
    if (found !== undefined) return found;
  }
  return undefined;
}

function compileRow(row: IdentifierRow): Identifier[] {
  if (row.decimals === undefined) return [compile(row, row.ai, undefined)];
  const stem = row.ai.slice(0, -1);
  return Array.from({ length: row.decimals + 1 }, (_, decimals) => compile(row, `${stem}${decimals}`, decimals));
}

function compile(
  { name, format, unit, qualifiers }: IdentifierRow,
  ai: string,
  decimals: number | undefined,
): Identifier {
  const parts = format.split(" ").map(parsePart);
  return {
    ai,
    name,
    parts,
    most: parts.reduce((sum, part) => sum + part.most, 0),
    least: parts.reduce((sum, part) => sum + (part.optional ? 0 : part.least), 0),
    predefined: predefinedPrefixes.has(ai.slice(0, 2)),
    unit,
    decimals,
    qualifiers: qualifiers?.split("|").map((sequence) => sequence.split(",").filter((each) => each !== "")),
  };
}

function parsePart(text: string): Part {
  const [, open = "", characters = "X", range = "", most = "0", , rest = ""] =
    /^(\[?)([NXYZ])(\.\.)?([0-9]+)(\]?)(.*)$/.exec(text) ?? [];
  return {
    characters: characters as Part["characters"],
    least: range === "" ? Number(most) : 1,
    most: Number(most),
    optional: open !== "",
    checks: rest.split(":").filter((check) => check !== ""),
  };
}
