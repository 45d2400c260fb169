import { chmodSync, mkdirSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { type PostgresServer, startPostgres } from "@lineshaft/testing/postgres";
import { beside, startChild } from "../child.ts";
import { FACT_BYTES } from "../engine/completion-facts.ts";
import { type Report, rounded } from "../report.ts";
import { type Scratch, openScratch } from "../scratch.ts";
import { median, perSecond } from "../statistics.ts";
import type { Verdict } from "./applied.ts";
import { TARGETS } from "./hand-over.ts";
import { installPeers } from "./install-peers.ts";
import { ONE_IN } from "./peer-facts.ts";
import { type PeerName, chosenPeers, peerModules } from "./peer-modules.ts";
import type { PeerProcessOptions, PeerWord } from "./peer-process.ts";

export interface PeersSettings {
  /** Different facts in each timed round. */
  messages: number;
  rounds: number;
  /** Names of peers, separated by commas; default all. */
  peers?: string;
  /** Where PostgreSQL and the other stores keep their files; it should be on a real disk. */
  folder?: string;
}

const ORDERS = 1_000;
/** Share of a round that is run beforehand and not counted. */
const WARM_UP = 0.25;
/** Longest round, in ms. */
const ROUND_MS = 600_000;
/** The same for every tool that works on PostgreSQL. */
const POSTGRES = { shared_buffers: "256MB", max_wal_size: "4GB", max_connections: 100, autovacuum_naptime: 1 };

type Done = PeerWord["done"];

/** The same hand-over on Lineshaft and on other tools, by turns: a slow minute of the machine meets all of them. */
export async function peersBench(settings: PeersSettings): Promise<Report> {
  const { messages, rounds } = settings;
  let names = chosenPeers(settings.peers);
  const notes: string[] = [];
  const problem = names.some((name) => peerModules[name].foreign) ? installPeers() : undefined;
  if (problem !== undefined) {
    notes.push(problem);
    names = names.filter((name) => !peerModules[name].foreign);
  }
  using scratch = openScratch(settings.folder);
  // PostgreSQL does not run as root, and has to reach its files below this folder.
  chmodSync(scratch.folder, 0o711);
  mkdirSync(scratch.path("postgres"));
  await using postgres = await startPostgres({ folder: scratch.path("postgres"), settings: POSTGRES });
  const done = new Map<PeerName, Done[]>(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++)
    for (const name of names) {
      const one = await runRound(name, settings, scratch, postgres);
      if (one === undefined) notes.push(`${name} did not come through round ${round + 1}; see above.`);
      else done.get(name)?.push(one);
    }
  const figures: Record<string, number> = {};
  let violations = 0;
  for (const [name, all] of done) {
    if (all.length === 0) continue;
    figures[name] = rounded(median(all.map(({ ms }) => perSecond(messages, ms))));
    const checked = total(all.map(({ verdict }) => verdict));
    violations += checked.missing + checked.repeated + checked.outOfOrder;
    notes.push(...notesOf(name, all, checked));
  }
  return {
    name: "peers",
    settings: {
      messages,
      rounds,
      bytes: FACT_BYTES,
      orders: ORDERS,
      targets: TARGETS.length,
      duplicates: `1 in ${ONE_IN}`,
      cores: availableParallelism(),
      ...(await durabilityOf(postgres)),
      versions: [...done.values()].flatMap(([first]) => first?.about.version ?? []).join("; "),
    },
    figures: { ...figures, violations },
    notes,
  };
}

async function runRound(
  name: PeerName,
  { messages }: PeersSettings,
  scratch: Scratch,
  postgres: PostgresServer,
): Promise<Done | undefined> {
  const folder = scratch.path(name);
  mkdirSync(folder);
  const databaseUrl = await postgres.newDatabase();
  const options: PeerProcessOptions = {
    module: peerModules[name].module,
    databaseUrl,
    folder,
    warmUp: Math.ceil(messages * WARM_UP),
    messages,
    orders: ORDERS,
  };
  // Warnings of the other tools about themselves.
  const quiet = { nodeOptions: ["--no-deprecation"] };
  const child = startChild<PeerWord>(beside(import.meta.url, "peer-process"), options, quiet);
  try {
    const done = await child.hear("done", ROUND_MS);
    process.stderr.write(`  ${name} ${rounded(perSecond(messages, done.ms))}/s\n`);
    return done;
  } catch (error) {
    process.stderr.write(`  ${name}: ${error instanceof Error ? error.message : String(error)}\n`);
    return undefined;
  } finally {
    await child.kill("SIGTERM");
    rmSync(folder, { recursive: true, force: true });
    await postgres.sql(`drop database if exists ${databaseName(databaseUrl)} with (force)`);
    // What it left to be written would weigh on the next one.
    await postgres.sql("checkpoint");
  }
}

function databaseName(url: string): string {
  return new URL(url).pathname.slice(1);
}

function total(verdicts: readonly Verdict[]): Verdict {
  const sum = (name: keyof Verdict) => verdicts.reduce((all, verdict) => all + verdict[name], 0);
  return {
    delivered: sum("delivered"),
    missing: sum("missing"),
    repeated: sum("repeated"),
    outOfOrder: sum("outOfOrder"),
  };
}

function notesOf(name: PeerName, all: readonly Done[], checked: Verdict): string[] {
  const [first] = all;
  if (first === undefined) return [];
  const { version, settings } = first.about;
  const { delivered, missing, repeated, outOfOrder } = checked;
  const found = `${delivered} applications, ${missing} missing, ${repeated} repeated, ${outOfOrder} out of order`;
  const { without }: { without?: string } = peerModules[name];
  return [`${name}: ${version}; ${settings}. Checked: ${found}.`, ...(without === undefined ? [] : [`  ${without}`])];
}

async function durabilityOf(postgres: PostgresServer): Promise<Record<string, string>> {
  const [row] = await postgres.sql(
    "select current_setting('server_version') as version, current_setting('fsync') as fsync, current_setting('synchronous_commit') as commit",
  );
  return {
    postgres: String(row?.["version"]),
    fsync: String(row?.["fsync"]),
    synchronous_commit: String(row?.["commit"]),
  };
}
