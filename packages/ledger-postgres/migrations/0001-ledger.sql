-- Everything the hubs know. Runs with search_path set to the ledger's schema. Times are milliseconds since 1970 (UTC).
-- `link` names the link of the audit chain that seals a row; such rows are never changed again.
--
-- Text that comes from outside may hold what PostgreSQL's text cannot (U+0000, halves of surrogate pairs); the ledger's
-- client writes such a character as U+001A and four hexadecimal digits, and reads it back.

create table setting (
  name text primary key,
  value text not null
);

create type state as enum ('pending', 'sending', 'checking', 'parked', 'done', 'dropped', 'superseded', 'suppressed');

-- The one row that every commit locks: commits have one order, ids become visible in it, and there is one audit chain.
-- Newest id of each kind, and how many rows there are of it, so that nobody has to count millions.
create table head (
  one boolean primary key default true check (one),
  -- Days since 2020-01-01 that ids have reached; never goes back, whatever the server's clock does.
  day integer not null,
  link bigint not null,
  hash text not null,
  message bigint not null,
  duplicate bigint not null,
  refusal bigint not null,
  attempt bigint not null,
  audit bigint not null,
  messages bigint not null,
  duplicates bigint not null,
  refusals bigint not null,
  attempts bigint not null
) with (fillfactor = 10);

create table system (
  id integer primary key,
  name text not null unique,
  -- The plant that it belongs to; null: to no single one.
  plant text
);

create table route (
  id smallint primary key check (id > 0 and id < 4096),
  flow text not null,
  system integer not null references system (id),
  operation text not null,
  unique (flow, system, operation)
);

-- One accepted fact. Its id is its place in the order of acceptance: days since 2020-01-01 * 2^27 + a number, so that a
-- partition's bounds are known before its time comes, and retention drops whole partitions.
create table message (
  id bigint not null,
  event_time bigint not null,
  received_time bigint not null,
  link bigint not null,
  source text not null,
  source_id text not null,
  contract text not null,
  object text not null,
  key text not null,
  version text,
  origin text,
  trace text,
  digest bytea not null,
  canonical text,
  received bytea,
  primary key (id)
) partition by range (id);
-- Of the beginning only: an entry of an index holds 2,704 bytes, and a source may send a longer key.
create index message_key on message (left(key, 200), id);
create index message_object on message (left(object, 200), id) where object <> key;

-- Which facts are known: remembered beyond their messages, so that a late repetition is still told.
create table seen (
  source text not null,
  -- Of a long one its beginning and its SHA-256, as the ledger's client writes it.
  source_id text not null,
  message bigint not null,
  digest bytea not null,
  primary key (source, source_id)
);
-- Rows come in the order of `message`, which is what a block range index needs: it costs nothing at insert.
create index seen_message on seen using brin (message) with (pages_per_range = 32);

-- A message on its way to one operation of one system; id = message * 4096 + route, so that a pair exists once.
create table delivery (
  id bigint not null,
  since bigint not null,
  due_at bigint not null default 0,
  system integer not null,
  route smallint not null,
  lane smallint not null,
  state state not null,
  attempts integer not null default 0,
  tries integer not null default 0,
  crashes integer not null default 0,
  -- True until the state is final. A column of its own, because an index that speaks of `state` is rewritten at each step.
  open boolean not null default true,
  key text not null,
  receipt text,
  parking text,
  edited text,
  primary key (id)
) partition by range (id);
-- In order of id for any lanes: what is of other lanes is passed over within the index.
create index delivery_open on delivery (system, id, lane) where open;
create index delivery_parked on delivery (id) where parking is not null;

create table attempt (
  id bigint not null,
  delivery bigint not null,
  started_at bigint not null,
  ended_at bigint not null,
  link bigint not null,
  kind text not null,
  outcome text not null,
  receipt text,
  message text,
  request text,
  response text,
  primary key (id)
) partition by range (id);
create index attempt_delivery on attempt (delivery);

-- The same fact again. Its content is kept only where it differs from the first one.
create table duplicate (
  id bigint not null,
  message bigint not null,
  received_time bigint not null,
  link bigint not null,
  differs boolean not null,
  received bytea,
  primary key (id)
) partition by range (id);
create index duplicate_message on duplicate (message);

create table refusal (
  id bigint primary key,
  received_time bigint not null,
  link bigint not null,
  received_bytes bigint not null,
  source text not null,
  source_id text,
  contract text not null,
  findings text not null,
  origin text,
  received bytea not null
);

-- What people did, and why.
create table audit (
  id bigint primary key,
  at bigint not null,
  message bigint,
  delivery bigint,
  link bigint not null,
  who text not null,
  act text not null,
  why text not null,
  detail text
);
create index audit_delivery on audit (delivery);

-- One link per commit: digest = SHA-256 over the lines of its sealed rows, hash = SHA-256 over the previous hash, `at` and
-- the digest. On two levels, so that the chain still verifies after retention took rows away.
create table link (
  id bigint primary key,
  at bigint not null,
  rows integer not null,
  digest bytea not null,
  hash bytea not null
);

-- Newest known version of each object of a state contract, by source.
create table latest (
  contract text not null,
  -- Shortened as in `seen`.
  object text not null,
  source text not null,
  version text not null,
  -- The version's UTF-16 units, big end first: their order is the one that versions are compared in.
  units bytea not null,
  message bigint not null,
  -- The payload, from when retention took the message away.
  kept text,
  primary key (contract, object, source)
) with (fillfactor = 80);
create index latest_message on latest using brin (message) with (pages_per_range = 32);

-- A lane is free when it has no worker or its worker's lease ran out. Changed only under the lock on head, so that a
-- fence cannot change beside a commit. The lease is the worker's: a renewal is one row.
create table lane (
  lane smallint primary key,
  worker text,
  fence bigint not null
) with (fillfactor = 50);

create table worker (
  name text primary key,
  -- The process that works under this name now.
  session text not null,
  lease_until bigint not null,
  -- It said goodbye: a late renewal does not bring it back.
  released boolean not null default false
) with (fillfactor = 50);

-- The newest write of each process, so that one whose connection broke can learn whether it was stored.
create table session (
  name text primary key,
  token bigint not null,
  -- Null: given up by its process before it was stored, never to be stored.
  result json,
  at bigint not null
) with (fillfactor = 50);

create table counter (
  route smallint not null,
  state state not null,
  count bigint not null,
  primary key (route, state)
) with (fillfactor = 10);

create table identity (
  kind text not null,
  object text not null,
  system text not null,
  external text not null,
  learned_at bigint not null,
  origin text not null,
  primary key (kind, object, system)
);
create unique index identity_external on identity (kind, system, external);

create table source_cursor (
  name text primary key,
  value text not null
) with (fillfactor = 50);

insert into head values (true, 0, 0, repeat('0', 64), 0, 0, 0, 0, 0, 0, 0, 0, 0);
insert into lane (lane, fence) select lane, 0 from generate_series(0, 63) lane;
