import { Secret, silentLog, systemClock } from "@lineshaft/core";
import type { Clock, Contract, Log } from "@lineshaft/core";
import { RecordingIntake, keepRunning, seededRandom } from "@lineshaft/testing";
import type { Running } from "@lineshaft/testing";
import { httpIntake } from "../index.ts";
import type { HttpIntakeOptions } from "../index.ts";
import { HttpSource } from "../source.ts";

/** A contract of one number, so that the tests of the intake depend on no business rules. */
export const reading: Contract<{ id: string; value: number }> = {
  id: "reading.v1",
  title: "Reading",
  kind: "event",
  schema: {
    type: "object",
    required: ["id", "value"],
    properties: { id: { type: "string" }, value: { type: "number" } },
  },
  examples: [{ id: "R-1", value: 3 }],
  check(value) {
    const wanted = { id: "string", value: "number" };
    return Object.entries(wanted)
      .filter(([field, type]) => typeof Object(value)[field] !== type)
      .map(([field, type]) => ({ field: `/${field}`, rule: "schema.type", fix: `Send a ${type}.` }));
  },
  rules: ({ value }) =>
    value < 0 ? [{ field: "/value", rule: "reading.positive", value: `${value}`, fix: "Send 0 or more." }] : [],
  describe: ({ id }) => ({ id, object: "meter", key: "meter", eventTime: 0 }),
};

/** The key of the caller `mes`. */
export const MES_KEY = "mes-key-of-this-test-run-0001";
export const LIMS_KEY = "lims-key-of-this-test-run-002";

export interface HttpBed extends AsyncDisposable {
  url: string;
  intake: RecordingIntake;
  running: Running;
  /** Facts handed over and not yet answered. */
  inFlight(): number;
  /** POSTs a body as the caller `mes`. */
  post(path: string, body: string | Uint8Array, headers?: Record<string, string>): Promise<Response>;
}

export interface HttpBedOptions extends Partial<HttpIntakeOptions> {
  intake?: RecordingIntake;
  clock?: Clock;
  log?: Log;
}

/** A running intake on a free port with two callers: `mes`, which may send all, and `lims`, which may send nothing we take. */
export async function openHttpBed({ intake, clock, log, ...options }: HttpBedOptions = {}): Promise<HttpBed> {
  const recording = intake ?? new RecordingIntake({ contracts: options.contracts ?? [reading] });
  const listening = Promise.withResolvers<string>();
  const system = await httpIntake({
    name: "http",
    port: 0,
    contracts: [reading],
    callers: [
      { name: "mes", key: Secret.generated("mes", MES_KEY) },
      { name: "lims", key: Secret.generated("lims", LIMS_KEY), contracts: [] },
    ],
    onListening: (url) => listening.resolve(url),
    ...options,
  }).open({ clock: clock ?? systemClock, random: seededRandom(1), log: log ?? silentLog });
  const source = system.sources["intake"];
  if (!(source instanceof HttpSource)) throw new Error("the system has no source of ours");
  const running = keepRunning(source, recording);
  const url = await listening.promise;
  return {
    url,
    intake: recording,
    running,
    inFlight: () => source.inFlight,
    post: (path, body, headers = {}) =>
      fetch(url + path, {
        method: "POST",
        body: Buffer.from(body),
        headers: { "content-type": "application/json", authorization: `Bearer ${MES_KEY}`, ...headers },
      }),
    [Symbol.asyncDispose]: async () => {
      recording.release();
      await running.stop();
    },
  };
}
