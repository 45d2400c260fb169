import { hash } from "node:crypto";
import { availableParallelism } from "node:os";
import { spawnSync } from "node:child_process";
import type { Fact } from "@lineshaft/core";
import { openPostgresLedger, postgres } from "@lineshaft/ledger-postgres";
import { completion } from "@lineshaft/model";
import { startPostgres } from "@lineshaft/testing/postgres";
import { type BenchServer, openServerFolder, startBenchServer } from "../engine/bench-server.ts";
import { SOURCE } from "../engine/bench-hub.ts";
import { FACT_BYTES, completionText } from "../engine/completion-facts.ts";
import { runEndToEnd } from "../engine/rounds.ts";
import { type Report, rounded } from "../report.ts";
import { median } from "../statistics.ts";
import { growLedger } from "./grown-ledger.ts";

export interface GrowthSettings {
  /** Messages in the grown ledger. */
  messages: number;
  rounds: number;
  folder?: string;
}

/** Order keys of the grown ledger; the facts of a round go to the first thousand of them. */
const ORDERS = 100_000;
const ROUND_ORDERS = 1_000;
/** Messages in each timed round, at most. */
const ROUND = 20_000;
/** Facts that came and went since the last checkpoint: what a server takes within two or three minutes. */
const TOUCHED = 300_000;
/** Ledgers up to this size are verified in full. */
const VERIFIED = 200_000;
const MB = 1_000_000;
/** While the grown ledger is made: it is made again when the machine fails. */
const MAKING = {
  shared_buffers: "1GB",
  max_wal_size: "8GB",
  wal_level: "minimal",
  max_wal_senders: 0,
  fsync: "off",
  full_page_writes: "off",
  autovacuum: "off",
  max_connections: 20,
};

/** Throughput of a hub on a ledger that holds millions of messages, beside one on an empty ledger, by turns. */
export async function growthBench(settings: GrowthSettings): Promise<Report> {
  const { messages, rounds, folder } = settings;
  using files = openServerFolder(folder);
  const madeMs = await make(files, messages);
  await using bench = await startBenchServer(undefined, files);
  const url = databaseUrl(bench.server.url);
  const verified = messages <= VERIFIED ? await verify(url) : "not, for its size";
  const sizes = await sizesOf(bench, url);
  const run = new Turns(bench, url, messages);
  const round = Math.min(ROUND, messages);
  await run.pair(Math.ceil(round / 4));
  await betweenCheckpoints(bench, url, Math.min(TOUCHED, messages));
  const found: Pair[] = [];
  for (let at = 0; at < rounds; at++) found.push(await run.pair(round));
  const fresh: Pair[] = [];
  for (let at = 0; at < rounds; at++) {
    await bench.server.sql("checkpoint");
    fresh.push(await run.pair(round));
  }
  const all = sizes.reduce((sum, { table, index }) => sum + table + index, 0);
  return {
    name: "growth",
    settings: {
      messages,
      rounds,
      round,
      bytes: FACT_BYTES,
      orders: ORDERS,
      targets: 2,
      cores: availableParallelism(),
      ...bench.settings,
      madeSeconds: Math.round(madeMs / 1_000),
      auditVerified: verified,
    },
    figures: {
      share: shareOf(found),
      emptyPerSecond: rounded(median(found.map(({ empty }) => empty.rate))),
      grownPerSecond: rounded(median(found.map(({ grown }) => grown.rate))),
      afterCheckpointShare: shareOf(fresh),
      walKbPerMessage: walOf(found, "grown"),
      emptyWalKbPerMessage: walOf(found, "empty"),
      afterCheckpointWalKbPerMessage: walOf(fresh, "grown"),
      tableMb: rounded(sizes.reduce((sum, { table }) => sum + table, 0) / MB),
      indexMb: rounded(sizes.reduce((sum, { index }) => sum + index, 0) / MB),
      bytesPerMessage: rounded(all / messages),
    },
    notes: [
      "share is the median of each round's own ratio: the grown ledger right after an empty one, on the same server.",
      "afterCheckpointShare: the same right after a checkpoint, when each first change of a page goes into the log as the whole page.",
      `Tables and indexes, in MB: ${sizes.map(({ name, table, index }) => `${name} ${rounded(table / MB)} + ${rounded(index / MB)}`).join(", ")}.`,
    ],
  };
}

const NAME = "grown";

function databaseUrl(url: string): string {
  return url.replace(/postgres$/, NAME);
}

/** Fills a ledger on a server that need not be durable meanwhile. @returns ms */
async function make({ folder, password }: { folder: string; password: string }, messages: number): Promise<number> {
  const startedAt = performance.now();
  await using server = await startPostgres({ folder, password, settings: MAKING });
  await server.sql(`create database ${NAME}`);
  let told = 0;
  await growLedger({ url: databaseUrl(server.url), messages, orders: ORDERS }, (done) => {
    if (done < messages && done - told < messages / 10) return;
    told = done;
    process.stderr.write(`  ${done} messages after ${Math.round((performance.now() - startedAt) / 1_000)} s\n`);
  });
  await server.sql("checkpoint");
  await server.stop();
  // What this server did not sync: from here on nothing else is to be written.
  spawnSync("sync");
  return performance.now() - startedAt;
}

async function verify(url: string): Promise<string> {
  await using ledger = await openPostgresLedger({ url });
  const { ok, problem, rows } = await ledger.verifyAudit();
  if (!ok) throw new Error(`The grown ledger does not verify: ${problem}`);
  return `${rows} rows`;
}

/** One turn of a hub on a ledger. */
interface Turn {
  rate: number;
  /** Of the write-ahead log, in bytes per message. */
  wal: number;
}

interface Pair {
  empty: Turn;
  grown: Turn;
}

function shareOf(pairs: readonly Pair[]): number {
  return rounded(median(pairs.map(({ empty, grown }) => grown.rate / empty.rate)));
}

function walOf(pairs: readonly Pair[], which: keyof Pair): number {
  return rounded(median(pairs.map((pair) => pair[which].wal)) / 1_000);
}

/**
 * Brings the grown ledger to where it is for most of the time: some way after a checkpoint. The first change of a page after
 * one goes into the log as the whole page, and random ids change pages all over the index of known facts.
 */
async function betweenCheckpoints({ server }: BenchServer, url: string, rows: number): Promise<void> {
  await server.sql(
    `insert into lineshaft.seen
     select '${SOURCE}', md5('touched-' || n)::uuid::text, 0, '' from generate_series(1, ${rows}) n;
     delete from lineshaft.seen where message = 0`,
    url,
  );
}

/** Facts with ids in no order, as most senders make them, and unlike those of the grown ledger. */
class Turns {
  readonly #bench: BenchServer;
  readonly #grown: string;
  #next: number;

  constructor(bench: BenchServer, grown: string, messages: number) {
    this.#bench = bench;
    this.#grown = grown;
    this.#next = messages;
  }

  /** One right after the other. The empty ledger stays: to drop a database is a checkpoint. */
  async pair(count: number): Promise<Pair> {
    const empty = await this.#turn(await this.#bench.newDatabase(), count);
    const grown = await this.#turn(this.#grown, count);
    process.stderr.write(`  empty ${rounded(empty.rate)}/s, grown ${rounded(grown.rate)}/s\n`);
    return { empty, grown };
  }

  async #turn(url: string, count: number): Promise<Turn> {
    const facts = Array.from({ length: count }, () => this.#fact());
    const before = await this.#wal();
    const { rate } = await runEndToEnd(postgres({ url }), facts);
    return { rate, wal: ((await this.#wal()) - before) / count };
  }

  async #wal(): Promise<number> {
    const [row] = await this.#bench.server.sql("select pg_current_wal_insert_lsn() - '0/0' as bytes");
    return Number(row?.["bytes"]);
  }

  #fact(): Fact {
    const n = this.#next++;
    const id = hash("md5", `mes-${n}`).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
    return { contract: completion.id, raw: Buffer.from(completionText(n, n % ROUND_ORDERS).replace(`mes-${n}`, id)) };
  }
}

interface Size {
  name: string;
  table: number;
  index: number;
}

/** Of each table of the ledger with all its partitions, in bytes, the largest first. */
async function sizesOf({ server }: BenchServer, url: string): Promise<Size[]> {
  const rows = await server.sql(
    `select coalesce(p.relname, c.relname) as name, sum(pg_table_size(c.oid)) as table, sum(pg_indexes_size(c.oid)) as index
     from pg_class c
       join pg_namespace s on s.oid = c.relnamespace and s.nspname = 'lineshaft'
       left join pg_inherits i on i.inhrelid = c.oid
       left join pg_class p on p.oid = i.inhparent
     where c.relkind = 'r'
     group by 1 order by sum(pg_total_relation_size(c.oid)) desc`,
    url,
  );
  return rows.map((row) => ({ name: String(row["name"]), table: Number(row["table"]), index: Number(row["index"]) }));
}
