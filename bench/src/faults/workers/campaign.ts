import type { Simulators } from "../../erp/simulators.ts";
import { atMost } from "../../pause.ts";
import type { Report } from "../../report.ts";
import { type Broker, startBroker } from "../broker.ts";
import { definitionOf, erpGround, startErp } from "../campaign.ts";
import { erpFlow } from "../erp-flow.ts";
import { ErpSide } from "../erp-side.ts";
import { Peer } from "../peer.ts";
import { peerFlow } from "../peer-flow.ts";
import { INVARIANTS, SHOWN, Violations } from "../violations.ts";
import { Database } from "./database.ts";
import { runDatabaseDiskFaults } from "./disk-faults.ts";
import { type Place, makePlaces } from "./network.ts";
import { type WorkersRoundFigures, type WorkersRoundOptions, runWorkersRound } from "./round.ts";

export interface WorkersCampaignOptions {
  minutes: number;
  seed: number;
  facts: number;
  rounds: number;
  workers: number;
  /** Only the deliberately broken build: how soon is it caught? */
  broken: boolean;
  skipDisk: boolean;
  /** Says each thing that goes wrong. */
  verbose: boolean;
  print: (line: string) => void;
}

/** A broken build must be caught within this, in ms. */
const CAUGHT_MS = 60_000;
/** Facts that keep coming for that long. */
const CAUGHT_FACTS = 2_400;
/** In the second of so many rounds the primary dies for good; in the others the server comes back. */
const FAIL_OVER_EVERY = 3;
/** In so many rounds once, Odoo and SAP are the targets. */
const ERP_EVERY = 4;
const ORDERS = 24;
const POLICY = { owner: "campaign" };
/** Workers have a network of their own in every second round. */
const PLACES_EVERY = 2;

/** Rounds of several hubs on one PostgreSQL, after a check that a build without fences would be noticed. */
export async function runWorkersCampaign(options: WorkersCampaignOptions): Promise<Report> {
  const { print } = options;
  await using broker = await startBroker();
  await using peer = await Peer.start();
  await using database = await Database.alone();
  await using simulators = await startErp();
  using places = openPlaces(options.workers, print);
  for (const invariant of INVARIANTS) print(`checks that ${invariant}`);
  const campaign = new WorkersCampaign(options, { broker, peer, database, places: places.all, simulators });
  const brokenBuildCaughtMs = await campaign.catchBrokenBuild();
  if (!options.broken) {
    if (!options.skipDisk) await runDatabaseDiskFaults({ print, violations: campaign.violations, peer });
    await campaign.runRounds();
  }
  return campaign.report(brokenBuildCaughtMs);
}

function openPlaces(count: number, print: (line: string) => void): Disposable & { all: readonly Place[] } {
  const made = makePlaces(count);
  if ("missing" in made) print(`skipped: workers with a network of their own (${made.missing})`);
  const all = "missing" in made ? [] : made;
  return {
    all,
    [Symbol.dispose]: () => {
      for (const place of all) place.remove();
    },
  };
}

interface Others {
  broker: Broker;
  peer: Peer;
  database: Database;
  places: readonly Place[];
  simulators: Simulators;
}

class WorkersCampaign {
  readonly #o: WorkersCampaignOptions;
  readonly #others: Others;
  readonly violations: Violations;
  readonly #startedAt = performance.now();
  readonly #rounds: WorkersRoundFigures[] = [];
  #failovers = 0;
  #restarts = 0;

  constructor(options: WorkersCampaignOptions, others: Others) {
    this.#o = options;
    this.#others = others;
    this.violations = new Violations(options.print);
  }

  /** Suspends workers that do not care about fences until something stands twice. NaN, and a violation, when nobody notices. */
  async catchBrokenBuild(): Promise<number> {
    const { seed, print } = this.#o;
    const found = new Violations(() => undefined);
    const stop = new AbortController();
    const startedAt = performance.now();
    await this.#others.peer.reset(seed, found);
    const options = { ...this.#round(0), facts: CAUGHT_FACTS, broken: true, violations: found, signal: stop.signal };
    const round = runWorkersRound(options);
    const caught = await atMost(CAUGHT_MS, Promise.race([found.first(), round.then(() => undefined)]));
    const ms = Math.round(performance.now() - startedAt);
    stop.abort();
    await round;
    if (caught === undefined) {
      this.violations.add(`A build without fences was not caught within ${CAUGHT_MS} ms.`);
      return Number.NaN;
    }
    print(`a build without fences was caught after ${ms} ms: ${caught}`);
    return ms;
  }

  async runRounds(): Promise<void> {
    const { rounds, minutes, seed } = this.#o;
    const end = performance.now() + minutes * 60_000;
    for (let n = 1; n <= rounds && (n === 1 || performance.now() < end); n++) {
      await this.#others.peer.reset(seed + n, this.violations);
      const round = n % ERP_EVERY === 0 ? await this.#erpRound(n) : this.#round(n);
      if (n % FAIL_OVER_EVERY === 2) await this.#failOver(round);
      else await this.#run(round);
    }
  }

  report(brokenBuildCaughtMs: number): Report {
    const total = (of: (figures: WorkersRoundFigures) => number) =>
      this.#rounds.reduce((sum, figures) => sum + of(figures), 0);
    const { minutes, facts, workers, broken, seed } = this.#o;
    return {
      name: "faults",
      settings: {
        ledger: "postgres",
        minutes,
        facts,
        workers,
        broker: this.#others.broker.name,
        broken: broken ? "fence" : "no",
      },
      figures: {
        violations: this.violations.found.length,
        rounds: this.#rounds.length,
        seed,
        brokenBuildCaughtMs,
        facts: total((figures) => figures.facts),
        messages: total((figures) => figures.messages),
        crashes: total((figures) => figures.crashes),
        databaseRestarts: this.#restarts,
        failovers: this.#failovers,
        actsOfPeople: total((figures) => figures.acts),
        seconds: Math.round((performance.now() - this.#startedAt) / 1_000),
      },
      notes: this.violations.found.slice(0, SHOWN),
    };
  }

  async #failOver(round: WorkersRoundOptions): Promise<void> {
    await using database = await Database.withStandby();
    await this.#run({ ...round, database });
  }

  async #run(round: WorkersRoundOptions): Promise<void> {
    const { print } = this.#o;
    const { database, targets } = round;
    const before = this.violations.found.length;
    const [restarts, failovers, startedAt] = [database.restarts, database.failovers, performance.now()];
    const figures = await runWorkersRound(round);
    this.#rounds.push(figures);
    const [restarted, failedOver] = [database.restarts - restarts, database.failovers - failovers];
    this.#restarts += restarted;
    this.#failovers += failedOver;
    const { facts, messages, crashes, acts } = figures;
    print(
      `round ${this.#rounds.length}, seed ${round.seed}, ${targets.kind === "erp" ? "Odoo and SAP" : "counting peer"}: ${facts} facts, ${messages} messages, ${crashes} crashes, ` +
        `${restarted} restarts of the database, ${failedOver} failovers, ${acts} acts of people, ` +
        `${Math.round((performance.now() - startedAt) / 1_000)} s, ${this.violations.found.length - before} violations`,
    );
  }

  async #erpRound(n: number): Promise<WorkersRoundOptions> {
    const { simulators } = this.#others;
    const { targets, orders } = await erpGround(simulators, n);
    return {
      ...this.#round(n),
      targets,
      orders,
      side: await ErpSide.open(simulators),
      definition: (ledger) => definitionOf(ledger, erpFlow(targets, POLICY)),
      places: [],
      awake: true,
    };
  }

  #round(n: number): WorkersRoundOptions {
    const { seed, facts, workers, verbose, print } = this.#o;
    const { database, places, peer, broker } = this.#others;
    const startedAt = performance.now();
    const targets = { kind: "peer" as const, url: peer.url };
    return {
      seed: seed + n,
      facts,
      workers,
      database,
      places: n % PLACES_EVERY === 1 ? places : [],
      side: peer,
      targets,
      orders: Array.from({ length: ORDERS }, (_, at) => `MO-${seed + n}-${at + 1}`),
      definition: (ledger) => definitionOf(ledger, peerFlow(targets, POLICY)),
      broker,
      violations: this.violations,
      broken: false,
      awake: false,
      signal: new AbortController().signal,
      told: (what) => {
        if (verbose) print(`${Math.round(performance.now() - startedAt)} ms  ${what}`);
      },
    };
  }
}
