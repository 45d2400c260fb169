import type { FieldValue, Point } from "./point.ts";
import { nanosecondsOf } from "./point.ts";

/** One line of InfluxDB's line protocol, time in nanoseconds. The point has been checked. */
export function lineOf({ series, tags = {}, time, fields }: Point): string {
  // An empty tag is none for InfluxDB. Sorted tags are what it stores fastest.
  const given = Object.entries(tags).filter(([, value]) => value !== "");
  const head = given
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `,${escapeName(name)}=${escapeName(value)}`);
  const values = Object.entries(fields).map(([name, value]) => `${escapeName(name)}=${fieldOf(value)}`);
  return `${series.replace(/[, ]/g, "\\$&")}${head.join("")} ${values.join(",")} ${nanosecondsOf(time)}`;
}

function escapeName(text: string): string {
  return text.replace(/[,= ]/g, "\\$&");
}

function fieldOf(value: FieldValue): string {
  if (typeof value === "string") return `"${value.replace(/["\\]/g, "\\$&")}"`;
  if (typeof value !== "object") return String(value);
  return "decimal" in value ? value.decimal : `${value.integer}i`;
}
