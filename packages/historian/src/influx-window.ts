import { RejectedError } from "@lineshaft/core";
import { parseAnnotatedCsv } from "./annotated-csv.ts";
import { InfluxClient } from "./influx-client.ts";
import { checkInfluxOptions } from "./influx-options.ts";
import type { InfluxOptions } from "./influx-options.ts";
import { WINDOW_POINTS, nanosecondsOf } from "./point.ts";
import type { Window, WindowPoint, WindowRead } from "./point.ts";

/**
 * Points of a stretch of time, in its order.
 * @throws RejectedError when the window is none; UnavailableError, UncertainError when InfluxDB gives no answer
 */
export async function readInfluxWindow(
  options: InfluxOptions,
  window: Window,
  signal: AbortSignal,
): Promise<WindowRead> {
  checkInfluxOptions(options);
  const client = new InfluxClient(options);
  const limit = window.limit ?? WINDOW_POINTS;
  const points =
    options.version === 1
      ? pointsOf(await client.queryInfluxQl(influxQlOf(window, limit + 1), signal))
      : parseAnnotatedCsv(await client.queryFlux(fluxOf(options.bucket, window, limit + 1), signal));
  const sorted = points.toSorted((a, b) => compareTimes(a.time, b.time));
  return { points: sorted.slice(0, limit), more: sorted.length > limit };
}

/** Grouped by all tags, so that they can be told from fields. The limit then is one of each series. */
export function influxQlOf({ series, tags = {}, fields, from, to }: Window, limit: number): string {
  const columns = fields === undefined ? "*" : fields.map(quoteName).join(", ");
  const where = [
    `time >= ${instantOf(from)}`,
    `time < ${instantOf(to)}`,
    ...Object.entries(tags).map(([name, value]) => `${quoteName(name)} = '${value.replace(/['\\]/g, "\\$&")}'`),
  ].join(" AND ");
  return `SELECT ${columns} FROM ${quoteName(series)} WHERE ${where} GROUP BY * ORDER BY time LIMIT ${limit}`;
}

export function fluxOf(bucket: string, { series, tags = {}, fields, from, to }: Window, limit: number): string {
  const equals = (name: string, value: string) => `r[${quoteFlux(name)}] == ${quoteFlux(value)}`;
  const where = [equals("_measurement", series), ...Object.entries(tags).map(([name, value]) => equals(name, value))];
  if (fields !== undefined) where.push(`(${fields.map((field) => equals("_field", field)).join(" or ")})`);
  return [
    `from(bucket: ${quoteFlux(bucket)})`,
    `range(start: time(v: ${instantOf(from)}), stop: time(v: ${instantOf(to)}))`,
    `filter(fn: (r) => ${where.join(" and ")})`,
    `pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")`,
    `sort(columns: ["_time"])`,
    `limit(n: ${limit})`,
  ].join("\n  |> ");
}

interface Series {
  tags?: Record<string, string>;
  columns: string[];
  values: (number | boolean | string | null)[][];
}

function pointsOf(answer: unknown): WindowPoint[] {
  const results = (answer as { results?: { series?: Series[]; error?: string }[] }).results ?? [];
  const error = results.find((result) => result.error !== undefined)?.error;
  if (error !== undefined)
    throw new RejectedError("InfluxDB refused the query.", {
      reason: "query-refused",
      said: error,
      next: "Correct series, fields and tags.",
    });
  return results.flatMap(({ series = [] }) =>
    series.flatMap(({ tags = {}, columns, values }) =>
      values.map((row) => {
        const named = columns.map((name, at) => [name, row[at] ?? null] as const);
        const fields = named.filter(([name, value]) => name !== "time" && value !== null);
        // A tag that a series does not have comes as an empty one.
        const given = Object.entries(tags).filter(([, value]) => value !== "");
        return {
          time: String(row[columns.indexOf("time")]),
          tags: Object.fromEntries(given),
          fields: Object.fromEntries(fields) as WindowPoint["fields"],
        };
      }),
    ),
  );
}

function instantOf(time: string): bigint {
  const instant = nanosecondsOf(time);
  if (instant !== undefined) return instant;
  throw new RejectedError(`A window cannot begin or end at ${JSON.stringify(time)}.`, {
    reason: "window-invalid",
    next: "Give times with their zone, 2026-01-05T06:30:00Z.",
  });
}

function compareTimes(a: string, b: string): number {
  const [left = 0n, right = 0n] = [nanosecondsOf(a), nanosecondsOf(b)];
  return left < right ? -1 : Number(left > right);
}

function quoteName(name: string): string {
  return `"${name.replace(/["\\]/g, "\\$&").replaceAll("\n", "\\n")}"`;
}

function quoteFlux(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&").replaceAll("${", "\\${").replaceAll("\n", "\\n")}"`;
}
