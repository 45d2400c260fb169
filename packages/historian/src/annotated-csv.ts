import type { WindowPoint } from "./point.ts";

/** Columns that Flux adds, and that are neither tags nor fields. */
const own = new Set(["", "result", "table", "_start", "_stop", "_time", "_measurement"]);

interface Head {
  types: readonly string[];
  groups: readonly string[];
  names: readonly string[];
}

/** Points of Flux's annotated CSV: of the columns that tables are grouped by, those that are tags; of the others, fields. */
export function parseAnnotatedCsv(text: string): WindowPoint[] {
  const points: WindowPoint[] = [];
  let head: Head = { types: [], groups: [], names: [] };
  for (const row of rowsOf(text)) {
    if (row[0] === "#datatype") head = { types: row, groups: [], names: [] };
    else if (row[0] === "#group") head = { ...head, groups: row };
    else if (row[0]?.startsWith("#") === true || row.every((cell) => cell === "")) continue;
    else if (head.names.length === 0) head = { ...head, names: row };
    else points.push(pointOf(head, row));
  }
  return points;
}

function pointOf({ types, groups, names }: Head, row: readonly string[]): WindowPoint {
  const cells = names.map((name, at) => ({
    name,
    text: row[at] ?? "",
    type: types[at] ?? "",
    tag: groups[at] === "true",
  }));
  const values = cells.filter(({ name, text }) => !own.has(name) && text !== "");
  return {
    time: cells.find(({ name }) => name === "_time")?.text ?? "",
    tags: Object.fromEntries(values.filter(({ tag }) => tag).map(({ name, text }) => [name, text])),
    fields: Object.fromEntries(
      values.filter(({ tag }) => !tag).map(({ name, text, type }) => [name, valueOf(text, type)]),
    ),
  };
}

function valueOf(text: string, type: string): number | boolean | string {
  if (type === "boolean") return text === "true";
  const number = type === "double" || type === "long" || type === "unsignedLong" ? Number(text) : NaN;
  // A count beyond what a double holds stays a text, with all of its digits.
  return Number.isNaN(number) || (type !== "double" && !Number.isSafeInteger(number)) ? text : number;
}

/** Rows of CSV (RFC 4180). */
function rowsOf(text: string): string[][] {
  const rows: string[][] = [[]];
  for (const [, quoted, plain = "", end = ""] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/g)) {
    rows.at(-1)?.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end.endsWith("\n")) rows.push([]);
    else if (end === "") break;
  }
  return rows;
}
