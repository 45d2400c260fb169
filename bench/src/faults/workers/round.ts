import { LineshaftError, systemClock } from "@lineshaft/core";
import type { HubDefinition, LedgerDefinition } from "@lineshaft/engine";
import { seededRandom } from "@lineshaft/testing";
import { pause } from "../../pause.ts";
import type { Broker } from "../broker.ts";
import { FactPlan } from "../fact-plan.ts";
import type { Targets } from "../hub-options.ts";
import { checkInvariants } from "../invariants.ts";
import { ledgerAt } from "../ledger-place.ts";
import { Load } from "../load.ts";
import { Person } from "../person.ts";
import { quieten } from "../quiet.ts";
import { awaitSession } from "../round.ts";
import { Acknowledged, HttpSender, MqttSender } from "../senders.ts";
import { Standing } from "../standing.ts";
import type { TargetSide } from "../target-side.ts";
import type { Violations } from "../violations.ts";
import type { Database } from "./database.ts";
import { harassWorkers, makeWell } from "./harassment.ts";
import type { Place } from "./network.ts";
import { Worker } from "./worker.ts";

const VISIT_MS = 1_000;
const RATE = 40;
/** Things go wrong for at most this long, in ms; what is not sent by then is sent in peace. */
const ROUGH_MS = 35_000;

export interface WorkersRoundOptions {
  seed: number;
  facts: number;
  workers: number;
  database: Database;
  /** Where workers run that have a place of their own. */
  places: readonly Place[];
  side: TargetSide;
  targets: Targets;
  /** Order keys. */
  orders: readonly string[];
  definition: (ledger: LedgerDefinition) => HubDefinition;
  broker: Broker;
  violations: Violations;
  /** Runs a build that does not care about fences, and only suspends workers. */
  broken: boolean;
  /** Without suspensions beyond the lease: these targets take several requests for a delivery. */
  awake: boolean;
  signal: AbortSignal;
  /** Of each thing that goes wrong. */
  told: (what: string) => void;
}

export interface WorkersRoundFigures {
  facts: number;
  messages: number;
  crashes: number;
  acts: number;
}

/** One round: a fresh database, several hubs on it, facts coming in at any of them, everything going wrong; then quiet, and the count. */
export async function runWorkersRound(options: WorkersRoundOptions): Promise<WorkersRoundFigures> {
  await using round = await WorkersRound.begin(options);
  return await round.run();
}

class WorkersRound implements AsyncDisposable {
  readonly #o: WorkersRoundOptions;
  readonly #random: () => number;
  readonly #workers: Worker[] = [];
  readonly #told = new Acknowledged();
  /** Ends everything that goes on beside the round, also when the round ends in an error. */
  readonly #ended = new AbortController();
  readonly #signal: AbortSignal;
  readonly #session: string;
  readonly #beside: Promise<unknown>[] = [];
  /** While things go wrong. */
  #rough = false;
  #http: HttpSender | undefined;
  #mqtt: MqttSender | undefined;

  private constructor(options: WorkersRoundOptions) {
    this.#o = options;
    this.#random = seededRandom(options.seed);
    this.#signal = AbortSignal.any([options.signal, this.#ended.signal]);
    this.#session = `campaign-${options.seed}${options.broken ? "-broken" : ""}`;
  }

  static async begin(options: WorkersRoundOptions): Promise<WorkersRound> {
    const round = new WorkersRound(options);
    await options.database.newLedger();
    for (let n = 0; n < options.workers; n++) round.#workers.push(await round.#makeWorker(n));
    return round;
  }

  async run(): Promise<WorkersRoundFigures> {
    const { facts, database, side, violations, broken, seed, orders, targets } = this.#o;
    const ledger = ledgerAt({ kind: "postgres", url: database.url });
    const random = this.#random;
    const plan = new FactPlan({ random, orders, prefix: `f${seed}`, mqtt: true, troubled: targets.kind === "peer" });
    const definition = this.#o.definition(ledger);
    const person = new Person({ definition, side, violations, random: this.#randomOf("person") });
    const hubs = this.#workers.map(({ hub }) => hub);
    const load = await this.#startLoad(plan);
    const loading = load.run(facts);
    this.#rough = true;
    this.#beside.push(loading, this.#visitOften(person));
    await harassWorkers({
      ...this.#o,
      workers: this.#workers,
      randoms: (name) => this.#randomOf(name),
      signal: this.#signal,
      while: Promise.race([loading, pause(ROUGH_MS)]),
      onlySuspend: broken,
    });
    if (database.hasStandby) await database.failOver(0);
    await makeWell({ workers: this.#workers, database, side });
    this.#rough = false;
    // Before the load is waited for: nobody may be left to answer it.
    for (const hub of hubs) if (!hub.running) await hub.start();
    await loading;
    await quieten({ hubs, load, ledger, plan, told: this.#told, violations, signal: this.#signal });
    await Promise.all(hubs.map((hub) => hub.stop()));
    const crashes = hubs.reduce((sum, hub) => sum + hub.crashes, 0);
    const figures = { facts: plan.facts.length, crashes, acts: person.acts };
    if (this.#o.signal.aborted) return { ...figures, messages: 0 };
    await using reading = await ledger.open({ clock: systemClock, readOnly: true });
    const standing = new Standing(await side.effects());
    const { messages } = await checkInvariants({
      ledger: reading,
      facts: plan.facts,
      told: this.#told,
      standing,
      violations,
    });
    return { ...figures, messages };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort();
    await Promise.all(this.#workers.map((worker) => worker[Symbol.asyncDispose]()));
    await this.#mqtt?.close();
    await this.#http?.close();
    await Promise.allSettled(this.#beside);
    await this.#o.database.closeLines();
  }

  /** A stream of drawings of its own for whatever runs beside the others, so that the order of events draws nothing. */
  #randomOf(name: string): () => number {
    let seed = this.#o.seed;
    for (const char of name) seed = (Math.imul(seed, 31) + char.charCodeAt(0)) >>> 0;
    return seededRandom(seed);
  }

  #makeWorker(n: number): Promise<Worker> {
    const { database, targets, broker, places, violations, broken } = this.#o;
    const { url, protocolVersion } = broker;
    return Worker.make({
      database,
      targets,
      mqtt: { url, protocolVersion, session: this.#session },
      place: places[n],
      violations,
      random: this.#randomOf(`worker ${n} itself`),
      forgiving: () => this.#rough,
      ...(broken && { broken: "fence" as const }),
    });
  }

  /** All hubs run and take facts when this resolves. */
  async #startLoad(plan: FactPlan): Promise<Load> {
    const { broker, violations } = this.#o;
    const hubs = this.#workers.map(({ hub }) => hub);
    await Promise.all(hubs.map((hub) => hub.start()));
    const urls = this.#workers.map(({ url }) => url);
    this.#http = new HttpSender(urls, this.#told, violations);
    this.#mqtt = await MqttSender.connect({ ...broker, session: this.#session }, this.#told);
    await awaitSession(this.#mqtt, hubs, plan, this.#signal);
    return new Load({
      plan,
      http: this.#http,
      mqtt: this.#mqtt,
      told: this.#told,
      random: this.#random,
      rate: RATE,
      signal: this.#signal,
    });
  }

  async #visitOften(person: Person): Promise<void> {
    while (!this.#signal.aborted) {
      const rough = this.#rough;
      try {
        await person.visit();
      } catch (error) {
        const away = error instanceof LineshaftError && error.code === "ledger-io";
        if (!this.#signal.aborted && !(rough && away))
          this.#o.violations.add(`A person could not act on the ledger: ${String(error)}`);
      }
      await pause(VISIT_MS);
    }
  }
}
