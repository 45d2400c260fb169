import { laneOf } from "@lineshaft/core";
import { openPostgresLedger } from "@lineshaft/ledger-postgres";
import { completion } from "@lineshaft/model";
import { Client } from "pg";
import { SOURCE } from "../engine/bench-hub.ts";
import { completionText } from "../engine/completion-facts.ts";
import { toReported } from "../engine/sink-system.ts";

export interface GrownLedger {
  url: string;
  messages: number;
  /** Order keys that the messages are spread over. */
  orders: number;
}

/** Messages written by one statement, and sealed by one link of the audit chain. */
const CHUNK = 50_000;
const LINK = 500;
/** Statements at once. */
const CONNECTIONS = 2;
const DAY_MS = 86_400_000;
/** What a ledger counts its days from: 2020-01-01. */
const FIRST_DAY = 18_262;
const ROUTES = [
  { flow: "completions", system: "one", operation: "apply" },
  { flow: "completions", system: "two", operation: "apply" },
];
/** In the payload's template, for numbers that the server puts in. */
const [N, ORDER] = [987_654_321, 123_456_789];

/**
 * Fills a new ledger with messages of which both deliveries are done, as a hub leaves them: message, what is known of it,
 * two deliveries and two attempts, counters, and an audit chain that verifies. The server makes the rows; indexes in
 * another order than that of the ids are made afterwards. Everything counts as received within the last day.
 */
export async function growLedger(grown: GrownLedger, progress: (messages: number) => void): Promise<void> {
  const { url, messages } = grown;
  const prefix = await makeLedger(url);
  const clients = await Promise.all(Array.from({ length: CONNECTIONS }, () => connected(url)));
  const [client] = clients as [Client];
  try {
    await client.query(BEFORE);
    const plan = { ...grown, prefix, now: Date.now() };
    let next = 0;
    let done = 0;
    const work = async (own: Client) => {
      for (let first = next; first < messages; first = next) {
        next += CHUNK;
        const count = Math.min(CHUNK, messages - first);
        await own.query(CHUNK_SQL, chunkValues(plan, first, count));
        progress((done += count));
      }
    };
    await Promise.all(clients.map(work));
    await client.query(CHAIN);
    await client.query(
      `insert into counter (route, state, count) select id, 'done', ${messages} from route
       on conflict (route, state) do update set count = excluded.count`,
    );
    for (const statement of AFTER) await client.query(statement);
  } finally {
    await Promise.all(clients.map((own) => own.end()));
  }
}

/** An id as most senders make them, in no order; as the SQL below makes it. */
const UUID_SQL = "md5('mes-' || n)::uuid::text";

/** @returns what receipts of this ledger begin with */
async function makeLedger(url: string): Promise<string> {
  await using ledger = await openPostgresLedger({ url });
  await ledger.registerRoutes(ROUTES);
  return `r-${ledger.id}-`;
}

async function connected(url: string): Promise<Client> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query("set search_path = lineshaft; set work_mem = '256MB'; set maintenance_work_mem = '1GB'");
  return client;
}

function chunkValues(plan: GrownLedger & { prefix: string; now: number }, first: number, count: number): unknown[] {
  const { messages, orders, prefix, now } = plan;
  const lanes = Array.from({ length: orders }, (_, order) => laneOf(`MO-${order}`));
  const text = completionText(N, ORDER);
  const request = JSON.stringify(toReported(JSON.parse(text) as never));
  const day = Math.floor(now / DAY_MS) - FIRST_DAY;
  return [first, count, day, now - DAY_MS, DAY_MS / messages, orders, lanes, text, request, prefix];
}

/** Numbers are counted from 0 here; the first message of a day has the number 1. */
const CHUNK_SQL = `
  with f as (
    select n, ${UUID_SQL} as source_id, 'MO-' || n % $6::integer as key, n % $6::integer as o,
      $4::bigint + floor(n * $5::float8)::bigint as at,
      convert_to(replace(replace($8::text, 'mes-${N}', ${UUID_SQL}), '${ORDER}', (n % $6::integer)::text), 'UTF8') as received
    from generate_series($1::integer, $1::integer + $2::integer - 1) n
  ), m as (
    insert into message (id, event_time, received_time, link, source, source_id, contract, object, key, digest, received)
    select ($3::bigint << 27) + 1 + n, at, at, 1 + n / ${LINK}, '${SOURCE}', source_id, '${completion.id}', key, key,
      sha256(received), received
    from f
    returning id, received_time as at, link, source_id, key, digest
  ), s as (
    insert into seen (source, source_id, message, digest)
    select '${SOURCE}', source_id, id, digest from m
  ), w as (
    select m.id * 4096 + r.id as id, m.at, m.link, m.key, r.id as route, r.system,
      $10::text || (m.id * 4096 + r.id) as receipt, (m.id - ($3::bigint << 27) - 1)::integer as n,
      row_number() over (partition by m.id order by r.id) as at_message
    from m cross join route r
  ), d as (
    insert into delivery (id, since, system, route, lane, state, attempts, open, key, receipt)
    select id, at, system, route, ($7::smallint[])[n % $6::integer + 1], 'done', 1, false, key, receipt from w
  ), a as (
    insert into attempt (id, delivery, started_at, ended_at, link, kind, outcome, receipt, request)
    select ($3::bigint << 27) + 2 * n + at_message, id, at, at, link, 'send', 'done', receipt,
      replace($9::text, '${ORDER}', (n % $6::integer)::text)
    from w
    returning id, delivery, started_at as at, link, receipt
  ), line as (
    select link, at, 0 as kind, id, concat('["message",', id, ',"${SOURCE}","', source_id, '","${completion.id}","', key,
      '","', key, '",null,', at, ',', at, ',"', encode(digest, 'hex'), '"]') as text
    from m
    union all
    select link, at, 1, id, concat('["attempt",', id, ',', delivery, ',"send",', at, ',', at, ',"done","', receipt, '",null]')
    from a
  )
  insert into grown_link (id, at, rows, digest)
  select link, max(at), count(*), sha256(convert_to(string_agg(text, E'\\n' order by kind, id), 'UTF8'))
  from line group by link`;

/**
 * A hub's rows become longer by their receipts when their page is as full as inserts may make it. Rows that come in full
 * length would leave room for one more on each page, and new deliveries would go to pages all over the table.
 */
const fillfactor = (percent: number) => `
  do $$
  declare
    p regclass;
  begin
    for p in select inhrelid from pg_inherits where inhparent = 'delivery'::regclass loop
      execute format('alter table %s set (fillfactor = %s)', p, ${percent});
    end loop;
  end $$`;

const BEFORE = `
  ${fillfactor(60)};
  create unlogged table grown_link (id bigint, at bigint, rows integer, digest bytea);
  alter table seen drop constraint seen_pkey;
  drop index message_key`;

const CHAIN = `
  do $$
  declare
    l record;
    h text := repeat('0', 64);
    n bigint := 0;
  begin
    for l in select * from grown_link order by id loop
      h := encode(sha256(convert_to(h || E'\\n' || l.at || E'\\n' || encode(l.digest, 'hex'), 'UTF8')), 'hex');
      n := l.id;
      insert into link (id, at, rows, digest, hash) values (l.id, l.at, l.rows, l.digest, decode(h, 'hex'));
    end loop;
    drop table grown_link;
    update head set day = (select max(id) >> 27 from message), link = n, hash = h,
      message = (select max(id) from message), attempt = (select max(id) from attempt),
      messages = (select max(id) & ((1 << 27) - 1) from message),
      attempts = (select max(id) & ((1 << 27) - 1) from attempt);
  end $$`;

const AFTER = [
  fillfactor(50),
  "alter table seen add primary key (source, source_id)",
  "create index message_key on message (left(key, 200), id)",
  "vacuum (freeze, analyze)",
];
