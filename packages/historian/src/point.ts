import type { Finding, Operation, SystemDefinition } from "@lineshaft/core";
import { showValue } from "@lineshaft/core";

/** A value of a historian: a float, a boolean, a text, or digits that no double need hold. */
export type FieldValue = number | boolean | string | { decimal: string } | { integer: string };

/** Values of one moment: a shift's effectiveness, a batch's mean temperature. */
export interface Point {
  /** Measurement of InfluxDB: `oee`. */
  series: string;
  /** What it is about: `{ line: "press-04" }`. */
  tags?: Readonly<Record<string, string>>;
  /** RFC 3339 with a zone, to the nanosecond. */
  time: string;
  fields: Readonly<Record<string, FieldValue>>;
}

/** What is written at once. The same series, tags and time again overwrite what stood there. */
export interface WritePoints {
  points: readonly Point[];
}

/** A stretch of a historian: from a moment to before another. */
export interface Window {
  series: string;
  /** Only points with these tags. */
  tags?: Readonly<Record<string, string>>;
  /** Default all of them. */
  fields?: readonly string[];
  from: string;
  to: string;
  /** Most points; default 10,000. */
  limit?: number;
}

/** A point as it was read. Numbers of arbitrary precision are texts. */
export interface WindowPoint {
  time: string;
  tags: Readonly<Record<string, string>>;
  fields: Readonly<Record<string, number | boolean | string>>;
}

/** In order of time. `more`: the limit was reached, and what comes later was left out. */
export interface WindowRead {
  points: WindowPoint[];
  more: boolean;
}

/** A historian as configured. */
export interface Historian extends SystemDefinition {
  readonly writePoints: Operation<WritePoints>;
  /** Reads a stretch of time over a connection of its own. */
  readWindow: (window: Window, signal: AbortSignal) => Promise<WindowRead>;
}

/** Most points of one item. */
export const ITEM_POINTS = 1_000;
/** Most tags, and most fields, of one point. */
export const POINT_VALUES = 200;
/** Longest name or tag, in characters. */
export const NAME_CHARS = 256;
/** Longest text of a field, in characters; InfluxDB takes 64 KiB. */
export const FIELD_CHARS = 16_000;
/** Most points of a window, unless it says otherwise. */
export const WINDOW_POINTS = 10_000;

const decimalShape = /^-?[0-9]{1,30}(?:\.[0-9]{1,30})?$/;
const integerShape = /^-?[0-9]{1,19}$/;
const timeShape =
  /^([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9}))?(Z|[+-][0-9]{2}:[0-9]{2})$/;

/** Nanoseconds since 1970; undefined for what is no RFC 3339 time with a zone. */
export function nanosecondsOf(time: string): bigint | undefined {
  const [, seconds = "", fraction = "", zone = ""] = timeShape.exec(time) ?? [];
  const ms = seconds === "" ? NaN : Date.parse(`${seconds}${zone}`);
  return Number.isNaN(ms) ? undefined : BigInt(ms) * 1_000_000n + BigInt(fraction.padEnd(9, "0"));
}

export const writePointsSchema = {
  type: "object",
  required: ["points"],
  additionalProperties: false,
  properties: {
    points: {
      type: "array",
      minItems: 1,
      maxItems: ITEM_POINTS,
      items: {
        type: "object",
        required: ["series", "time", "fields"],
        additionalProperties: false,
        properties: {
          series: { type: "string", minLength: 1, maxLength: NAME_CHARS },
          tags: { type: "object", additionalProperties: { type: "string", maxLength: NAME_CHARS } },
          time: { type: "string", format: "date-time" },
          fields: { type: "object", minProperties: 1 },
        },
      },
    },
  },
} as const;

/** Findings against the operation's schema; empty when it fits. */
export function checkWritePoints(value: unknown): Finding[] {
  const points = isRecord(value) ? value["points"] : undefined;
  if (!Array.isArray(points) || points.length === 0 || points.length > ITEM_POINTS)
    return [{ field: "/points", rule: "historian.points", fix: `Give 1 to ${ITEM_POINTS} points.` }];
  return points.flatMap((point, at) => checkPoint(point, `/points/${at}`));
}

function checkPoint(point: unknown, field: string): Finding[] {
  const { series, tags = {}, time, fields } = isRecord(point) ? point : {};
  const findings: Finding[] = [];
  const tell = (at: string, rule: string, value: unknown, fix: string) =>
    void findings.push({ field: `${field}${at}`, rule: `historian.${rule}`, value: showValue(value), fix });
  if (!isName(series))
    tell("/series", "series", series, `Name the series in 1 to ${NAME_CHARS} characters of one line.`);
  if (typeof time !== "string" || nanosecondsOf(time) === undefined)
    tell("/time", "time", time, "Give a time with its zone, 2026-01-05T06:30:00Z.");
  for (const [name, value] of entriesOf(tags) ?? [["", ""]])
    if (!isName(name) || typeof value !== "string" || (value !== "" && !isName(value)))
      tell(`/tags/${name}`, "tag", value, `A tag is a text of one line with at most ${NAME_CHARS} characters.`);
  for (const [name, value] of entriesOf(fields) ?? [["", undefined]])
    if (!isName(name) || !isFieldValue(value))
      tell(
        `/fields/${name}`,
        "field",
        value,
        `A field is a finite number, a boolean, a text, { decimal: "12.5" } or { integer: "12" }.`,
      );
  if (entriesOf(fields)?.length === 0) tell("/fields", "fields", fields, "Give at least one field.");
  return findings;
}

function isFieldValue(value: unknown): value is FieldValue {
  if (typeof value === "number") return Number.isFinite(value);
  if (typeof value === "string") return value.length <= FIELD_CHARS;
  if (!isRecord(value)) return typeof value === "boolean";
  const { decimal, integer } = value;
  if (typeof decimal === "string") return decimalShape.test(decimal);
  return typeof integer === "string" && integerShape.test(integer);
}

/** What a line of InfluxDB cannot carry is no name anywhere, so that a flow may change its historian. */
function isName(name: unknown): name is string {
  // A backslash before one of these, or at the end, would escape what follows it.
  return (
    typeof name === "string" &&
    name !== "" &&
    name.length <= NAME_CHARS &&
    !/\p{Cc}|\p{Cs}|\\(?=[,= "\\]|$)/u.test(name)
  );
}

function entriesOf(value: unknown): [string, unknown][] | undefined {
  const entries = isRecord(value) ? Object.entries(value) : undefined;
  return entries !== undefined && entries.length <= POINT_VALUES ? entries : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
