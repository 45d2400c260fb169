import { LineshaftError, RejectedError, explain } from "@lineshaft/core";
import type { Health, Item, Outcome, SystemDefinition, Target } from "@lineshaft/core";
import { InfluxClient } from "./influx-client.ts";
import { checkInfluxOptions } from "./influx-options.ts";
import type { InfluxOptions } from "./influx-options.ts";
import { readInfluxWindow } from "./influx-window.ts";
import { lineOf } from "./line-protocol.ts";
import { checkWritePoints, nanosecondsOf, writePointsSchema } from "./point.ts";
import type { Historian, Point, Window, WritePoints } from "./point.ts";

/** Most items of one call. */
export const BATCH_ITEMS = 500;

/**
 * An InfluxDB, 1.x or 2, as a target for summaries. Its operation `writePoints` is repeatable: the same series, tags,
 * time and field again overwrite themselves.
 *
 * @throws LineshaftError `config-invalid`
 */
export function influx(options: InfluxOptions): Historian {
  checkInfluxOptions(options);
  const definition: SystemDefinition = {
    name: options.name,
    connector: "influxdb",
    async open() {
      const client = new InfluxClient(options);
      return {
        targets: { writePoints: new InfluxTarget(options, client) satisfies Target<WritePoints> },
        sources: {},
        check: (signal) => check(options, client, signal),
        close: async () => {},
      };
    },
  };
  const writePoints = { system: definition, name: "writePoints", schema: writePointsSchema, check: checkWritePoints };
  return Object.assign(definition, {
    writePoints,
    readWindow: (window: Window, signal: AbortSignal) => readInfluxWindow(options, window, signal),
  });
}

class InfluxTarget implements Target<WritePoints> {
  readonly repeat = { kind: "repeatable" } as const;
  readonly maxBatch = BATCH_ITEMS;
  readonly #options: InfluxOptions;
  readonly #client: InfluxClient;

  constructor(options: InfluxOptions, client: InfluxClient) {
    this.#options = options;
    this.#client = client;
  }

  async send(items: Item<WritePoints>[], signal: AbortSignal): Promise<Outcome[]> {
    const standing = await Promise.all(items.map((item) => this.#stands(item, signal)));
    const outcomes = await this.#write(
      items.filter((_, at) => standing[at] !== true),
      signal,
    );
    return items.map((item, at) => {
      if (standing[at] === true) return { kind: "done", receipt: receiptOf(item), already: true };
      return outcomes.get(item) ?? { kind: "uncertain", message: "The points were not written." };
    });
  }

  /**
   * InfluxDB writes what it can of a request and refuses the rest, without saying of each line which it was. What it
   * refused is written in halves, so that in the end only the item with the bad line is refused.
   */
  async #write(items: Item<WritePoints>[], signal: AbortSignal): Promise<Map<Item<WritePoints>, Outcome>> {
    if (items.length === 0) return new Map();
    try {
      await this.#client.write(
        items.flatMap(({ value }) => value.points.map(lineOf)),
        signal,
      );
      return new Map(items.map((item) => [item, { kind: "done", receipt: receiptOf(item) }]));
    } catch (error) {
      if (!(error instanceof RejectedError)) throw error;
      const [first] = items;
      if (items.length === 1 && first) return new Map([[first, refusalOf(first, error)]]);
      const middle = Math.ceil(items.length / 2);
      const halves = [items.slice(0, middle), items.slice(middle)];
      const outcomes = new Map<Item<WritePoints>, Outcome>();
      for (const half of halves)
        for (const [item, outcome] of await this.#write(half, signal)) outcomes.set(item, outcome);
      return outcomes;
    }
  }

  /** Whether an earlier attempt got through; asked only after one. */
  async #stands({ attempt, value }: Item<WritePoints>, signal: AbortSignal): Promise<boolean> {
    if (attempt === 1) return false;
    for (const point of value.points) if (!(await this.#holds(point, signal))) return false;
    return true;
  }

  async #holds({ series, tags = {}, time, fields }: Point, signal: AbortSignal): Promise<boolean> {
    const given = Object.fromEntries(Object.entries(tags).filter(([, value]) => value !== ""));
    const window = { series, tags: given, fields: Object.keys(fields), from: time, to: afterwards(time) };
    const { points } = await readInfluxWindow(this.#options, window, signal);
    return points.some(
      (found) =>
        Object.keys(found.tags).length === Object.keys(given).length &&
        Object.entries(fields).every(([name, value]) => isSame(found.fields[name], value)),
    );
  }
}

async function check({ version, name }: InfluxOptions, client: InfluxClient, signal: AbortSignal): Promise<Health> {
  try {
    const server = await client.ping(signal);
    // A ping lets everybody in.
    if (version === 1) await client.queryInfluxQl("SHOW MEASUREMENTS LIMIT 1", signal);
    return { ok: true, ...(server !== undefined && { version: server }), detail: `${name} answers` };
  } catch (error) {
    if (!(error instanceof LineshaftError)) throw error;
    return { ok: false, message: explain(error), next: error.next };
  }
}

function refusalOf({ value }: Item<WritePoints>, { message, next, said, reason }: RejectedError): Outcome {
  const where = value.points
    .map((point) => point.series)
    .join(", ")
    .slice(0, 200);
  return {
    kind: "rejected",
    reason,
    message: `${message} It was about ${where}.`,
    next,
    ...(said !== undefined && { said }),
  };
}

function receiptOf({ value }: Item<WritePoints>): string {
  const [first] = value.points;
  const more = value.points.length - 1;
  return `${first?.series} ${first?.time}${more > 0 ? ` and ${more} more` : ""}`;
}

function isSame(found: number | boolean | string | undefined, value: Point["fields"][string]): boolean {
  if (typeof value !== "object") return found === value;
  return found !== undefined && Number(found) === Number("decimal" in value ? value.decimal : value.integer);
}

/** A nanosecond later. */
function afterwards(time: string): string {
  const next = (nanosecondsOf(time) ?? 0n) + 1n;
  const fraction = ((next % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  const seconds = new Date(Number((next - fraction) / 1_000_000n)).toISOString().slice(0, 19);
  return `${seconds}.${fraction.toString().padStart(9, "0")}Z`;
}
