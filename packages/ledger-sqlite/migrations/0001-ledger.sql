-- Everything the hub knows. Times are milliseconds since 1970 (UTC).
-- `link` names the link of the audit chain that seals a row; such rows are never changed again.

create table setting (
  name text primary key,
  value text not null
) without rowid;

create table system (
  id integer primary key,
  name text not null unique
);

create table route (
  id integer primary key check (id < 4096),
  flow text not null,
  system integer not null references system (id),
  operation text not null,
  unique (flow, system, operation)
);

-- One accepted fact. Its id is its place in the order of acceptance.
create table message (
  id integer primary key,
  source text not null,
  source_id text not null,
  contract text not null,
  object text not null,
  key text not null,
  version text,
  event_time integer not null,
  received_time integer not null,
  link integer not null,
  digest blob not null,
  origin text,
  trace text,
  canonical text,
  received any
);
create unique index message_source on message (source, source_id);
create index message_key on message (key);
create index message_object on message (object) where object <> key;

-- A message on its way to one operation of one system; id = message * 4096 + route, so that a pair exists once.
create table delivery (
  id integer primary key,
  route integer not null,
  system integer not null,
  state text not null check (state in
    ('pending', 'sending', 'checking', 'parked', 'done', 'dropped', 'superseded', 'suppressed')),
  -- 1 until the state is final. A column of its own, because an index that speaks of `state` is rewritten at each step.
  open integer not null default 1,
  since integer not null,
  due_at integer not null,
  attempts integer not null default 0,
  tries integer not null default 0,
  crashes integer not null default 0,
  receipt text,
  parking text,
  edited text
);
create index delivery_open on delivery (system, id) where open = 1;
create index delivery_parked on delivery (id) where parking is not null;

create table attempt (
  id integer primary key,
  delivery integer not null,
  kind text not null,
  started_at integer not null,
  ended_at integer not null,
  outcome text not null,
  link integer not null,
  receipt text,
  message text,
  request text,
  response text
);
create index attempt_delivery on attempt (delivery);

-- The same fact again. Its content is kept only where it differs from the first one.
create table duplicate (
  id integer primary key,
  message integer not null,
  received_time integer not null,
  differs integer not null,
  received blob,
  link integer not null
);
create index duplicate_message on duplicate (message);

create table refusal (
  id integer primary key,
  source text not null,
  source_id text,
  contract text not null,
  received_time integer not null,
  received blob not null,
  received_bytes integer not null,
  findings text not null,
  origin text,
  link integer not null
);

-- What people did, and why.
create table audit (
  id integer primary key,
  at integer not null,
  who text not null,
  act text not null,
  message integer,
  delivery integer,
  why text not null,
  detail text,
  link integer not null
);

-- One link per commit: hash = SHA-256 over the previous hash and every sealed row of the commit.
create table link (
  id integer primary key,
  at integer not null,
  rows integer not null,
  hash blob not null
);

-- Newest known version of each object of a state contract, by source.
create table latest (
  contract text not null,
  object text not null,
  source text not null,
  version text not null,
  message integer not null,
  primary key (contract, object, source)
) without rowid;

create table lane (
  lane integer primary key,
  worker text,
  fence integer not null,
  lease_until integer not null
);

-- How many rows of each kind there are, kept with each commit so that nobody has to count millions.
create table counter (
  name text primary key,
  count integer not null
) without rowid;

create table identity (
  kind text not null,
  object text not null,
  system text not null,
  external text not null,
  learned_at integer not null,
  origin text not null,
  primary key (kind, object, system)
) without rowid;
create unique index identity_external on identity (kind, system, external);

create table source_cursor (
  name text primary key,
  value text not null
) without rowid;
