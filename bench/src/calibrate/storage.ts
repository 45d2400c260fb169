import { randomUUID } from "node:crypto";
import { type Ledger, type NewMessage, type Settlement, laneOf, systemClock } from "@lineshaft/core";
import type { Calibration, Curve } from "lineshaft";
import { type Scratch, openScratch } from "../scratch.ts";
import { linesText } from "./component-lines.ts";
import { spread } from "./spread.ts";
import type { Store } from "./stores.ts";

/** What is written to see what it takes. */
interface Mix {
  payloadBytes: number;
  /** Deliveries of each message. */
  targets: number;
  /** Bytes kept with the attempt of each delivery; absent: they stay pending. */
  requestBytes?: number;
  /** Messages in one commit. */
  perCommit: number;
}

const WORKER = "calibrate";
const LEASE_MS = 60_000;
const ORDERS = 500;
/** As a hub's commits under load. */
const GROUP = 200;
const TARGETS = 2;
/** Closer where fewer rows fit on a page of SQLite's 4 KB: a line through two sizes would be wrong by 40 % at 2 KB. */
const SIZES = [
  2, 256, 512, 768, 1_024, 1_152, 1_216, 1_280, 1_792, 1_856, 1_920, 1_984, 2_048, 3_072, 4_096, 4_608, 5_120, 5_632,
  6_144, 7_168, 8_192, 16_384,
];
const BARE: Mix = { payloadBytes: 512, targets: 0, perCommit: GROUP };

/** Writes ledgers of `messages` messages each that differ in one thing, and takes the differences. */
export async function fitStorage(store: Store, messages: number, folder?: string): Promise<Calibration["storage"]> {
  const bytes = (mix: Partial<Mix>) => bytesPerMessage(store, messages, { ...BARE, ...mix }, folder);
  const bare = await bytes({});
  const pending = await bytes({ targets: TARGETS });
  return {
    messageByPayload: await curve((payloadBytes) => bytes({ payloadBytes })),
    attemptByRequest: await curve(
      async (requestBytes) => ((await bytes({ targets: TARGETS, requestBytes })) - pending) / TARGETS,
    ),
    delivery: Math.round((pending - bare) / TARGETS),
    commit: Math.round((await bytes({ perCommit: 1 })) - bare),
  };
}

async function curve(bytesOf: (size: number) => Promise<number>): Promise<Curve> {
  const found: [number, number][] = [];
  for (const size of SIZES) found.push([size, Math.round(await bytesOf(size))]);
  return found;
}

/** What a new ledger grows by with each message of the mix. */
async function bytesPerMessage(store: Store, messages: number, mix: Mix, folder?: string): Promise<number> {
  using scratch = openScratch(folder);
  return ((await written(store, scratch, messages, mix)) - (await written(store, scratch, 0, mix))) / messages;
}

async function written(store: Store, scratch: Scratch, messages: number, mix: Mix): Promise<number> {
  const definition = store.define(scratch, `storage-${messages}`);
  const ledger = await definition.open({ clock: systemClock });
  try {
    await new MixWriter(ledger, mix).write(messages);
  } finally {
    await ledger.close();
  }
  return store.bytes(definition);
}

class MixWriter {
  readonly #ledger: Ledger;
  readonly #mix: Mix;
  #fences = new Map<number, number>();

  constructor(ledger: Ledger, mix: Mix) {
    this.#ledger = ledger;
    this.#mix = mix;
  }

  async write(messages: number): Promise<void> {
    const { lanes } = await this.#ledger.claimLanes({ worker: WORKER, leaseMs: LEASE_MS });
    this.#fences = new Map(lanes.map(({ lane, fence }) => [lane, fence]));
    const names = Array.from({ length: TARGETS }, (_, at) => ({
      flow: "completions",
      system: "one",
      operation: `${at}`,
    }));
    const routes = (await this.#ledger.registerRoutes(names)).map(({ id }) => id).slice(0, this.#mix.targets);
    const { perCommit } = this.#mix;
    for (let first = 0; first < messages; first += perCommit)
      await this.#group(first, Math.min(perCommit, messages - first), routes);
    await this.#ledger.releaseLanes({ worker: WORKER });
  }

  async #group(first: number, count: number, routes: readonly number[]): Promise<void> {
    const at = Date.now();
    const messages = Array.from({ length: count }, (_, i) => aMessage(first + i, this.#mix, routes, at));
    const { messages: recorded } = await this.#ledger.commit({ at, messages });
    const { requestBytes } = this.#mix;
    if (requestBytes === undefined) return;
    const begun = recorded.flatMap((r, i) =>
      r.kind === "accepted" ? r.deliveries.map(({ id }) => this.#begin(id, messages[i]?.key ?? "", at)) : [],
    );
    await this.#ledger.commit({ at, settlements: begun });
    const { lost } = await this.#ledger.commit({
      at,
      settlements: begun.map((step, n) => finished(step, linesText(spread(requestBytes, n), first + n))),
    });
    if (lost.length > 0) throw new Error(`${lost.length} settlements were refused.`);
  }

  #begin(delivery: number, key: string, at: number): Settlement {
    const lane = laneOf(key);
    return { delivery, lane, fence: this.#fences.get(lane) ?? -1, from: "pending", to: "sending", at };
  }
}

function finished(step: Settlement, request: string): Settlement {
  const { at, delivery } = step;
  const receipt = `r-${delivery.toString(36)}`;
  const attempt = { kind: "send", startedAt: at, endedAt: at, outcome: "done", receipt, request } as const;
  return { ...step, from: "sending", to: "done", attempt };
}

/** With an id as most senders make them. */
function aMessage(n: number, { payloadBytes }: Mix, routes: readonly number[], at: number): NewMessage {
  const key = `MO-${n % ORDERS}`;
  return {
    source: "mes",
    sourceId: randomUUID(),
    contract: "completion.v1",
    object: key,
    key,
    eventTime: at,
    receivedTime: at,
    received: linesText(spread(payloadBytes, n), n),
    deliveries: routes.map((route) => ({ route, supersede: false })),
  };
}
