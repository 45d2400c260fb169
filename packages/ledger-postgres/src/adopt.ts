import { hash } from "node:crypto";
import { type Clock, LineshaftError, type Parking, type Secret } from "@lineshaft/core";
import type { Client } from "pg";
import { digestOf, linkHash, sealLine, verifyAll } from "./audit-chain.ts";
import { Connections } from "./connections.ts";
import { PARTITIONS_AHEAD_DAYS, inspect } from "./migrate.ts";
import { quoted } from "./statements.ts";
import { toStored } from "./text.ts";

export interface AdoptOptions {
  /** Of the role that owns the ledger. */
  url: string | Secret;
  schema?: string;
  /** Go into the audit trail. */
  who: string;
  why: string;
  /** No delivery is looked up before this: a request of the lost hub may still be worked on. Default 15 minutes. */
  settleMs?: number;
  /** Replaces the server's clock; for tests. */
  serverClock?: Clock;
  progress?: (rows: number) => void;
}

export interface AdoptReport {
  /** The last commit that the recovered ledger holds, ms, and its link of the audit chain. */
  backupAt: number;
  head: string;
  /** Open deliveries that are looked up before anything of theirs is sent, not before `lookedUpFrom`. */
  checking: number;
  lookedUpFrom: number;
  /** Versions of objects that a person has to look at, because a newer one may have been sent since. */
  parked: number;
  /** Deliveries that were parked in the recovered ledger already. */
  stillParked: number;
}

/** Longer than SAP may go on posting after its answer got lost, in ms. */
const SETTLE_MS = 15 * 60 * 1000;
/**
 * Days whose message numbers an adopted ledger leaves out. The lost one gave out numbers after the moment that was
 * recovered, and systems know them as tokens. A day has 134 million of them; more in a row than hubs accept in a month.
 */
const LEFT_OUT_DAYS = 30;
/** Above every fence that the lost ledger may have given out since. */
const RAISED_FENCES = 1_000_000;
/** Parked deliveries changed by one statement. */
const PAGE_ROWS = 1_000;
const DAY_NUMBERS = 2 ** 27;

/**
 * Makes a ledger safe to go on with that was recovered to an earlier moment (point in time, an older dump, a standby that
 * lagged behind): what was open is looked up or parked, no number is given out twice, and workers of the lost ledger change
 * nothing. One transaction; its chain is verified before.
 * @throws LineshaftError `ledger-busy` while a hub works on it, `audit-broken`, `not-found`
 */
export async function adoptPostgres(options: AdoptOptions): Promise<AdoptReport> {
  const { url, schema = "lineshaft" } = options;
  const connections = new Connections({ url, schema, sessions: true, readOnly: false, statementMs: 0 }, 1);
  try {
    const { version } = await inspect(connections);
    if (version === 0)
      throw new LineshaftError("not-found", `There is no ledger in schema ${schema} of ${connections.location}.`, {
        next: "Recover the database first, or correct the URL or the schema.",
      });
    const line = await connections.connect({ statementMs: 0 });
    try {
      await line.client.query("begin");
      await line.client.query(`set local search_path to ${quoted(schema)}, pg_temp; set local synchronous_commit = on`);
      const report = await adopt(line.client, quoted(schema), options);
      await line.client.query("commit");
      return report;
    } finally {
      await line.close();
    }
  } catch (error) {
    throw connections.told(error);
  } finally {
    await connections.close();
  }
}

interface Standing {
  at: number;
  today: number;
  day: number;
  link: number;
  hash: string;
  audit: number;
  live: string | null;
  backup_at: number;
}

async function adopt(client: Client, s: string, options: AdoptOptions): Promise<AdoptReport> {
  const { serverClock, settleMs = SETTLE_MS, progress } = options;
  await client.query("select from head for update");
  const { rows } = await client.query<Standing>(
    `select clock_ms($1) as at, clock_ms($1) / 86400000 - 18262 as today,
       greatest(day, message >> 27, attempt >> 27) as day, link, hash, audit,
       (select min(name) from worker where not released and lease_until > clock_ms($1)) as live,
       coalesce((select at from link order by id desc limit 1), 0) as backup_at
     from head`,
    [serverClock?.now() ?? null],
  );
  const standing = rows[0] as Standing;
  if (standing.live !== null)
    throw new LineshaftError("ledger-busy", `The hub ${standing.live} works on this ledger.`, {
      next: "Stop all hubs first: what they send meanwhile may stand already.",
    });
  const read = async (text: string, values: readonly unknown[] = []) =>
    (await client.query<Record<string, unknown>>(text, [...values])).rows;
  const chain = await verifyAll(read, s, progress);
  if (!chain.ok)
    throw new LineshaftError("audit-broken", `The audit chain is broken: ${chain.problem ?? "no detail"}`, {
      next: "Recover to another moment, or from an older base backup; nothing was changed.",
    });
  const { at } = standing;
  const when = new Date(standing.backup_at).toISOString();
  const stillParked = await remindParked(client, when);
  const lookedUpFrom = at + settleMs;
  const { parked, checking } = await moveOpen(client, { at, when, lookedUpFrom });
  await client.query(`update lane set worker = null, fence = fence + ${RAISED_FENCES}`);
  await client.query("delete from worker; delete from session");
  const { head } = chain;
  const report: AdoptReport = { backupAt: standing.backup_at, head, checking, lookedUpFrom, parked, stillParked };
  await leaveTrace(client, standing, options, JSON.stringify(report));
  return report;
}

/** Somebody may have dealt with it after the moment that was recovered. */
async function remindParked(client: Client, when: string): Promise<number> {
  for (let after = -1, count = 0; ;) {
    const { rows } = await client.query<{ id: number; parking: string }>(
      "select id, parking from delivery where parking is not null and state = 'parked' and id > $1 order by id limit $2",
      [after, PAGE_ROWS],
    );
    const reminded = rows.map(({ id, parking }) => ({
      id,
      parking: JSON.stringify(remind(JSON.parse(parking), when)),
    }));
    await client.query(
      "update delivery d set parking = p.parking from json_to_recordset($1::json) as p (id bigint, parking text) where d.id = p.id",
      [JSON.stringify(reminded)],
    );
    count += rows.length;
    if (rows.length < PAGE_ROWS) return count;
    after = rows.at(-1)?.id ?? after;
  }
}

function remind(parking: Parking, when: string): Parking {
  return {
    ...parking,
    message: `This ledger was recovered as it was on ${when}; somebody may have dealt with this since. ${parking.message}`,
    next: `Look first whether it stands in the other system by now: a resend does not. ${parking.next}`,
  };
}

/**
 * A version may have been overtaken by a newer one that the ledger does not know: parked. All else is looked up;
 * repeatable operations without a look-up are sent by the hub then, as the other side knows the token.
 */
async function moveOpen(
  client: Client,
  { at, when, lookedUpFrom }: { at: number; when: string; lookedUpFrom: number },
): Promise<{ parked: number; checking: number }> {
  const parking: Parking = {
    reason: "restored",
    message: `It was on its way on ${when}, to which the ledger was recovered, and a newer version may have been sent since.`,
    next: "Let the source send its newest version, then drop this one; resend it if there is none.",
    owner: "integration",
  };
  const { rows } = await client.query<{ becomes: string; count: number }>(
    `with moving as materialized (
       select d.id, d.route, d.state as was, case when m.version is null then 'checking' else 'parked' end::state as becomes
       from delivery d join message m on m.id = d.id / 4096
       where d.open and d.state in ('pending', 'sending', 'checking')
     ), moved as (
       update delivery d
       set state = x.becomes, since = $1, tries = 0,
         due_at = case x.becomes when 'checking' then greatest(d.due_at, $2) else d.due_at end,
         parking = case x.becomes when 'parked' then $3 end
       from moving x where d.id = x.id
       returning d.id
     ), counted as (
       insert into counter as c (route, state, count)
       select x.route, y.state, sum(y.by) from moving x cross join lateral (values (x.was, -1), (x.becomes, 1)) y (state, by)
       group by x.route, y.state
       on conflict (route, state) do update set count = c.count + excluded.count
     )
     select becomes::text, count(*) from moving join moved using (id) group by becomes`,
    [at, lookedUpFrom, JSON.stringify(parking)],
  );
  const count = (state: string) => rows.find((row) => row.becomes === state)?.count ?? 0;
  return { parked: count("parked"), checking: count("checking") };
}

/** A message of the ledger about itself, far behind the last number, so that later ones come after it; and an act. */
async function leaveTrace(client: Client, was: Standing, { who, why }: AdoptOptions, detail: string): Promise<void> {
  const day = Math.max(was.day, was.today) + LEFT_OUT_DAYS;
  await client.query("select make_partitions_v1($1, $2)", [
    was.at,
    Math.max(day - was.today, 0) + PARTITIONS_AHEAD_DAYS,
  ]);
  const message = day * DAY_NUMBERS + 1;
  const audit = was.audit + 1;
  const [source, sourceId, contract, digest] = [
    "lineshaft",
    `restore-${was.at}`,
    "lineshaft-restore.v1",
    digestOf(detail, undefined),
  ];
  await client.query(
    `insert into message (id, event_time, received_time, link, source, source_id, contract, object, key, digest, received)
     values ($1, $2, $3, $4, $5, $6, $7, 'ledger', 'ledger', decode($8, 'hex'), $9)`,
    [message, was.backup_at, was.at, was.link + 1, source, sourceId, contract, digest, Buffer.from(detail)],
  );
  await client.query("insert into seen (source, source_id, message, digest) values ($1, $2, $3, decode($4, 'hex'))", [
    source,
    sourceId,
    message,
    digest,
  ]);
  await client.query(
    "insert into audit (id, at, message, link, who, act, why, detail) values ($1, $2, $3, $4, $5, 'restore', $6, $7)",
    [audit, was.at, message, was.link + 1, toStored(who), toStored(why), detail],
  );
  const lines = [
    sealLine("message", [message, source, sourceId, contract, "ledger", "ledger", null, was.backup_at, was.at, digest]),
    sealLine("audit", [audit, was.at, who, "restore", message, null, why, detail]),
  ];
  const sealed = hash("sha256", lines.join("\n"), "hex");
  const [link, head] = [was.link + 1, linkHash(was.hash, was.at, sealed)];
  await client.query(
    "insert into link (id, at, rows, digest, hash) values ($1, $2, 2, decode($3, 'hex'), decode($4, 'hex'))",
    [link, was.at, sealed, head],
  );
  await client.query(
    "update head set day = $1, message = $2, audit = $3, link = $4, hash = $5, messages = messages + 1",
    [day, message, audit, link, head],
  );
}
