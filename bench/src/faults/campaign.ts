import type { HubDefinition, LedgerDefinition } from "@lineshaft/engine";
import { provisionForBench } from "../erp/odoo-ground.ts";
import { Simulators } from "../erp/simulators.ts";
import { atMost } from "../pause.ts";
import type { Report } from "../report.ts";
import { type Scratch, openScratch } from "../scratch.ts";
import { type Broker, startBroker } from "./broker.ts";
import { runDiskFaults } from "./disk-faults.ts";
import { UPDATE_DELAY_MS, erpFlow } from "./erp-flow.ts";
import { ErpSide } from "./erp-side.ts";
import { Peer } from "./peer.ts";
import { peerFlow } from "./peer-flow.ts";
import { type RoundFigures, type RoundOptions, runRound } from "./round.ts";
import { INVARIANTS, SHOWN, Violations } from "./violations.ts";

export interface CampaignOptions {
  minutes: number;
  seed: number;
  /** Facts in each round. */
  facts: number;
  /** Most rounds; the time ends a campaign too. */
  rounds: number;
  /** Only the deliberately broken build: how soon is it caught? */
  broken: boolean;
  /** `peer`, `erp` (Odoo and SAP), or `both`, in turn. */
  targets: string;
  /** Without the disk's faults. */
  skipDisk: boolean;
  print: (line: string) => void;
}

const RATE = 40;
const ORDERS = 12;
/** Every so many rounds, Odoo and SAP are the targets. */
const ERP_EVERY = 3;
const FIRST_ORDER = 1_000_000;
/** Pieces of each order: more than a round completes. */
const PLENTY = 100_000;
/** A broken build must be caught within this, in ms. */
const CAUGHT_MS = 60_000;
const policy = { owner: "campaign" };

/** Rounds of everything going wrong until the time is up, after a check that a broken build would be noticed. */
export async function runCampaign(options: CampaignOptions): Promise<Report> {
  const { print, seed } = options;
  using scratch = openScratch();
  await using broker = await startBroker();
  await using peer = await Peer.start();
  await using simulators = await startErp();
  const campaign = new Campaign(options, { scratch, broker, peer, simulators });
  if (broker.name === "aedes")
    print(
      "mosquitto is not installed: the broker is aedes, in this process, which keeps its sessions when it restarts.",
    );
  for (const invariant of INVARIANTS) print(`checks that ${invariant}`);
  const brokenBuildCaughtMs = await campaign.catchBrokenBuild();
  if (!options.broken) {
    if (!options.skipDisk)
      await runDiskFaults({ print, violations: campaign.violations, peer, folder: scratch.folder });
    await campaign.runRounds();
  }
  return campaign.report(brokenBuildCaughtMs, seed);
}

class Campaign {
  readonly violations: Violations;
  readonly #o: CampaignOptions;
  readonly #scratch: Scratch;
  readonly #broker: Broker;
  readonly #peer: Peer;
  readonly #simulators: Simulators;
  readonly #startedAt = performance.now();
  readonly #rounds: RoundFigures[] = [];

  constructor(options: CampaignOptions, others: Others) {
    this.#o = options;
    this.#scratch = others.scratch;
    this.#broker = others.broker;
    this.#peer = others.peer;
    this.#simulators = others.simulators;
    this.violations = new Violations(options.print);
  }

  /** Runs a hub whose look-ups are off until something stands twice. NaN, and a violation, when nobody notices. */
  async catchBrokenBuild(): Promise<number> {
    const found = new Violations(() => undefined);
    const stop = new AbortController();
    const startedAt = performance.now();
    await this.#peer.reset(this.#o.seed, found);
    const facts = Math.ceil((CAUGHT_MS / 1_000) * RATE);
    const round = runRound({ ...this.#round(0), facts, broken: "lookup", violations: found, signal: stop.signal });
    const caught = await atMost(CAUGHT_MS, Promise.race([found.first(), round.then(() => undefined)]));
    const ms = Math.round(performance.now() - startedAt);
    stop.abort();
    await round;
    if (caught === undefined) {
      this.violations.add(`A build without look-ups was not caught within ${CAUGHT_MS} ms.`);
      return Number.NaN;
    }
    this.#o.print(`a build without look-ups was caught after ${ms} ms: ${caught}`);
    return ms;
  }

  async runRounds(): Promise<void> {
    const { rounds, minutes, seed, print } = this.#o;
    const end = performance.now() + minutes * 60_000;
    for (let n = 1; n <= rounds && (n === 1 || performance.now() < end); n++) {
      const before = this.violations.found.length;
      const erp = this.#o.targets === "both" ? n % ERP_EVERY === 0 : this.#o.targets === "erp";
      const round = erp ? await this.#erpRound(n) : this.#round(n);
      if (!erp) await this.#peer.reset(seed + n, this.violations);
      const figures = await runRound(round);
      this.#rounds.push(figures);
      const { facts, messages, crashes, acts } = figures;
      print(
        `round ${n}, seed ${seed + n}, ${erp ? "Odoo and SAP" : "counting peer"}: ${facts} facts, ${messages} messages, ${crashes} crashes, ${acts} acts of people, ` +
          `${this.violations.found.length - before} violations`,
      );
    }
  }

  report(brokenBuildCaughtMs: number, seed: number): Report {
    const total = (of: (figures: RoundFigures) => number) =>
      this.#rounds.reduce((sum, figures) => sum + of(figures), 0);
    return {
      name: "faults",
      settings: {
        minutes: this.#o.minutes,
        facts: this.#o.facts,
        broker: this.#broker.name,
        broken: this.#o.broken ? "lookup" : "no",
      },
      figures: {
        violations: this.violations.found.length,
        rounds: this.#rounds.length,
        seed,
        brokenBuildCaughtMs,
        facts: total((figures) => figures.facts),
        messages: total((figures) => figures.messages),
        crashes: total((figures) => figures.crashes),
        actsOfPeople: total((figures) => figures.acts),
        seconds: Math.round((performance.now() - this.#startedAt) / 1_000),
      },
      notes: this.violations.found.slice(0, SHOWN),
    };
  }

  #round(n: number): RoundOptions {
    const targets = { kind: "peer" as const, url: this.#peer.url };
    return {
      ...this.#common(n),
      orders: Array.from({ length: ORDERS }, (_, at) => `MO-${n}-${at + 1}`),
      side: this.#peer,
      targets,
      definition: (ledger) => definitionOf(ledger, peerFlow(targets, policy)),
    };
  }

  async #erpRound(n: number): Promise<RoundOptions> {
    const { targets, orders } = await erpGround(this.#simulators, n);
    return {
      ...this.#common(n),
      orders,
      side: await ErpSide.open(this.#simulators),
      targets,
      definition: (ledger) => definitionOf(ledger, erpFlow(targets, policy)),
    };
  }

  #common(n: number) {
    return {
      seed: this.#o.seed + n,
      folder: this.#scratch.folder,
      facts: this.#o.facts,
      rate: RATE,
      broker: this.#broker,
      violations: this.violations,
      signal: new AbortController().signal,
    };
  }
}

interface Others {
  scratch: Scratch;
  broker: Broker;
  peer: Peer;
  simulators: Simulators;
}

/** Fresh orders of a round, in both. */
export async function erpGround(simulators: Simulators, round: number) {
  const { odoo, sap } = simulators.access;
  if (odoo === undefined || sap === undefined) throw new Error("The simulators did not start.");
  const orders = Array.from({ length: ORDERS }, (_, at) => String(FIRST_ORDER + round * ORDERS + at));
  await simulators.seed({ orders, quantity: PLENTY });
  return { targets: { kind: "erp" as const, odoo, sap }, orders };
}

export async function startErp(): Promise<Simulators> {
  const simulators = await Simulators.start({
    odoo: { version: 19, latency: "none" },
    sap: { requestMs: 0, writeMs: 0, updateDelayMs: UPDATE_DELAY_MS },
  });
  if (simulators.access.odoo !== undefined) await provisionForBench(simulators.access.odoo);
  return simulators;
}

export function definitionOf(ledger: LedgerDefinition, { systems, made }: ReturnType<typeof peerFlow>): HubDefinition {
  return { name: "campaign", ledger, systems, flows: [made] };
}
