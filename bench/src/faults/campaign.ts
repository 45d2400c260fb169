import { sqlite } from "@lineshaft/ledger-sqlite";
import { atMost } from "../pause.ts";
import type { Report } from "../report.ts";
import { type Scratch, openScratch } from "../scratch.ts";
import { type Broker, startBroker } from "./broker.ts";
import { runDiskFaults } from "./disk-faults.ts";
import { Peer } from "./peer.ts";
import { peerFlow } from "./peer-flow.ts";
import { type RoundFigures, type RoundOptions, runRound } from "./round.ts";
import { INVARIANTS, Violations } from "./violations.ts";

export interface CampaignOptions {
  minutes: number;
  seed: number;
  /** Facts in each round. */
  facts: number;
  /** Most rounds; the time ends a campaign too. */
  rounds: number;
  /** Only the deliberately broken build: how soon is it caught? */
  broken: boolean;
  /** Without the disk's faults. */
  skipDisk: boolean;
  print: (line: string) => void;
}

const RATE = 40;
const ORDERS = 12;
/** A broken build must be caught within this, in ms. */
const CAUGHT_MS = 60_000;
const policy = { owner: "campaign" };

/** Rounds of everything going wrong until the time is up, after a check that a broken build would be noticed. */
export async function runCampaign(options: CampaignOptions): Promise<Report> {
  const { print, seed } = options;
  using scratch = openScratch();
  await using broker = await startBroker(scratch.folder);
  await using peer = await Peer.start();
  const campaign = new Campaign(options, scratch, broker, peer);
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
  readonly #startedAt = performance.now();
  readonly #rounds: RoundFigures[] = [];

  constructor(options: CampaignOptions, scratch: Scratch, broker: Broker, peer: Peer) {
    this.#o = options;
    this.#scratch = scratch;
    this.#broker = broker;
    this.#peer = peer;
    this.violations = new Violations(options.print);
  }

  /** Runs a hub whose look-ups are off until something stands twice. NaN, and a violation, when nobody notices. */
  async catchBrokenBuild(): Promise<number> {
    const found = new Violations(() => undefined);
    const stop = new AbortController();
    const startedAt = performance.now();
    await this.#peer.reset(this.#o.seed, found);
    const facts = Math.ceil((CAUGHT_MS / 1_000) * RATE);
    const round = runRound({ ...this.#round(0), facts, broken: true, violations: found, signal: stop.signal });
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
      await this.#peer.reset(seed + n, this.violations);
      const before = this.violations.found.length;
      const figures = await runRound(this.#round(n));
      this.#rounds.push(figures);
      const { facts, messages, crashes, acts } = figures;
      print(
        `round ${n}, seed ${seed + n}: ${facts} facts, ${messages} messages, ${crashes} crashes, ${acts} acts of people, ` +
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
      notes: this.violations.found,
    };
  }

  #round(n: number): RoundOptions {
    const { url } = this.#peer;
    return {
      seed: this.#o.seed + n,
      folder: this.#scratch.folder,
      facts: this.#o.facts,
      rate: RATE,
      orders: Array.from({ length: ORDERS }, (_, at) => `MO-${n}-${at + 1}`),
      side: this.#peer,
      targets: { kind: "peer", url },
      definition: (path) => {
        const { systems, made } = peerFlow({ url }, policy);
        return { name: "campaign", ledger: sqlite({ path }), systems, flows: [made] };
      },
      broker: this.#broker,
      broken: false,
      violations: this.violations,
      signal: new AbortController().signal,
    };
  }
}
