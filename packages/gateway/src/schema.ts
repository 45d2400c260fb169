/** Version of the buffer's file. A newer one is refused, an older one is brought up to it. */
export const BUFFER_VERSION = 1;

/** "LSHG", written into the file's header so that another database is not taken for a buffer. */
export const APPLICATION_ID = 0x4c534847;

/** Times are ms since 1970. `telemetry` is 1 for facts that may be shed. */
export const SCHEMA = `
  create table setting (
    name text primary key,
    value any
  ) strict, without rowid;

  create table fact (
    seq integer primary key,
    telemetry integer not null,
    received_time integer not null,
    contract text not null,
    id text,
    scope text,
    fields text,
    raw any not null,
    canonical text,
    fault text,
    origin text,
    trace text
  ) strict;

  create table order_in (
    n integer primary key autoincrement,
    token text not null unique,
    key text not null,
    value text not null,
    received_time integer not null
  ) strict;
`;

export const sql = {
  insertFact: `
    insert into fact (seq, telemetry, received_time, contract, id, scope, fields, raw, canonical, fault, origin, trace)
    values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  readFacts: `
    select * from fact
    where seq > ?
    order by seq
    limit ?`,
  deleteFacts: `
    delete from fact
    where seq <= ?`,
  /** The oldest that may go, after a place before which none is left. */
  sheddable: `
    select seq, received_time from fact
    where seq > ? and telemetry = 1
    order by seq
    limit ?`,
  shed: `
    delete from fact
    where seq > ? and seq <= ? and telemetry = 1`,
  reword: `
    update fact set raw = ?
    where seq = ?`,
  tally: `
    select count(*) as facts, max(seq) as last from fact`,
  oldest: `
    select received_time from fact
    order by seq
    limit 1`,
  setting: `
    select value from setting
    where name = ?`,
  setSetting: `
    insert into setting (name, value)
    values (?, ?)
    on conflict do update set value = excluded.value`,
  clearSetting: `
    delete from setting
    where name = ?`,
  storeOrder: `
    insert into order_in (token, key, value, received_time)
    values (?, ?, ?, ?)
    on conflict (token) do nothing`,
  ordersAfter: `
    select n, token, key, value, received_time from order_in
    where n > ?
    order by n
    limit ?`,
  newestOrder: `
    select coalesce(max(n), 0) as n from order_in`,
  forgetOrders: `
    delete from order_in
    where n <= ?`,
} as const;
