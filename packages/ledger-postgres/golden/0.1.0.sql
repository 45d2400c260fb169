-- A ledger, as the release named by this file wrote it. Do not change it: the next release has to read it.
set standard_conforming_strings = on;
create schema lineshaft;
set search_path to lineshaft, pg_temp;
create table migration (number integer, name text, oldest_code integer, at timestamp with time zone, primary key (number));
alter table migration alter at set default now();
-- 0001-ledger.sql
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

-- 0002-partitions.sql
-- Partitions are made ahead of their time. A partition holds as many days as the setting `partition_days` says, counted
-- from 2020-01-01; below the first one is a partition for the small ids of a ledger copied from elsewhere, and what no
-- partition takes goes to a default one, so that no insert ever fails for want of a partition.

create function first_id(p_table text, p_day bigint) returns bigint
language sql immutable
as $$ select case p_table when 'delivery' then p_day << 39 else p_day << 27 end $$;

create function add_partition(p_table text, p_name text, p_bounds text) returns void
language plpgsql
as $$
begin
  -- Made by itself and then attached: that locks out nobody, where `partition of` waits for every reader.
  execute format('create table %I (like %I including defaults including constraints)', p_name, p_table);
  if p_table = 'delivery' then
    -- Half of a page free: both steps of a delivery then stay on its page. Dead index entries are what reading for open ones waits for.
    execute format('alter table %I set (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000)', p_name);
  end if;
  execute format('alter table %I attach partition %I %s', p_table, p_name, p_bounds);
end $$;

-- Days since 2020-01-01: from the first one up to, not including, the last one.
create table partition (
  name text primary key,
  first_day integer not null,
  last_day integer not null
);

create function make_partitions_v1(p_clock bigint, p_ahead_days integer) returns integer
language plpgsql security definer
set search_path from current
set lock_timeout = '5s'
as $$
declare
  days constant integer := (select value::integer from setting where name = 'partition_days');
  today constant integer := floor(coalesce(p_clock, extract(epoch from clock_timestamp()) * 1000) / 86400000) - 18262;
  made integer := 0;
  kind text;
  day integer := (select max(last_day) from partition);
begin
  if day > today + p_ahead_days then return 0; end if;
  -- One process at a time; the others find it done.
  perform 1 from head for update;
  day := (select max(last_day) from partition);
  if day is null then
    day := greatest(today, 0) / days * days;
    foreach kind in array array['message', 'delivery', 'attempt', 'duplicate'] loop
      perform add_partition(kind, kind || '_below', format('for values from (minvalue) to (%s)', first_id(kind, day)));
      perform add_partition(kind, kind || '_other', 'default');
    end loop;
    insert into partition values ('below', 0, day);
  end if;
  while day <= today + p_ahead_days loop
    foreach kind in array array['message', 'delivery', 'attempt', 'duplicate'] loop
      begin
        perform add_partition(kind, kind || '_p' || lpad(day::text, 5, '0'),
          format('for values from (%s) to (%s)', first_id(kind, day), first_id(kind, day + days)));
      exception when check_violation then
        -- Rows of this time came while there was no partition for them: they stay where they are.
        null;
      end;
    end loop;
    insert into partition values ('p' || lpad(day::text, 5, '0'), day, day + days);
    made := made + 1;
    day := day + days;
  end loop;
  return made;
end $$;

-- 0003-commit.sql
-- All writing goes through functions of the schema's owner, so that a hub's role need not be able to change or delete
-- anything. Their names carry a version: after an upgrade, a hub that still runs the older one goes on calling its own.

-- As `compareVersions` of the hub: numbers by size, everything else by UTF-16 unit.
create function compare_versions(a text, a_units bytea, b text, b_units bytea) returns integer
language plpgsql immutable
as $$
declare
  x text;
  y text;
begin
  if a ~ '^[0-9]+$' and b ~ '^[0-9]+$' then
    x := ltrim(a, '0');
    y := ltrim(b, '0');
    return case when length(x) <> length(y) then sign(length(x) - length(y))::integer
      when x = y then 0 when x collate "C" < y collate "C" then -1 else 1 end;
  end if;
  return case when a_units = b_units then 0 when a_units < b_units then -1 else 1 end;
end $$;

-- The ledger's clock; another one only in tests.
create function clock_ms(p_clock bigint) returns bigint
language sql volatile
as $$ select coalesce(p_clock, floor(extract(epoch from clock_timestamp()) * 1000)::bigint) $$;

-- The row that makes commits come one after the other.
create function lock_head() returns head
language plpgsql
as $$
declare
  h head;
begin
  select * into strict h from head where one for update;
  -- What was acknowledged is on disk, whatever the server's default is.
  if current_setting('synchronous_commit') = 'off' then perform set_config('synchronous_commit', 'on', true); end if;
  return h;
end $$;

-- A write that is known: its stored result. One that was given up, or is older than what is known, is refused.
create function stored_result(p_session text, p_token bigint) returns json
language plpgsql
as $$
declare
  s session;
begin
  select * into s from session where name = p_session;
  if not found or s.token < p_token then return null; end if;
  if s.token = p_token and s.result is not null then return s.result; end if;
  raise exception 'This write was given up by its hub.' using errcode = 'LS001';
end $$;

create function store_result(p_session text, p_token bigint, p_result json, p_at bigint) returns void
language sql
as $$
  insert into session (name, token, result, at) values (p_session, p_token, p_result, p_at)
  on conflict (name) do update set token = excluded.token, result = excluded.result, at = excluded.at
$$;

-- Whether a write was stored: its result, or null, and then it never will be.
create function resolve_v1(p_session text, p_token bigint) returns json
language plpgsql security definer
set search_path from current
as $$
declare
  s session;
begin
  perform lock_head();
  select * into s from session where name = p_session;
  if found and s.token >= p_token then return s.result; end if;
  perform store_result(p_session, p_token, null, clock_ms(null));
  return null;
end $$;

-- Tells the other processes, where there are any.
create function tell(p_session text, p_now bigint, p_news text) returns void
language plpgsql
as $$
begin
  if exists (select from worker where lease_until > p_now and session <> p_session) then
    perform pg_notify((select value from setting where name = 'channel'), p_news || ' ' || p_session);
  end if;
end $$;

create function seal(inout h head, p_at bigint, p_rows integer, p_lines text)
language plpgsql
as $$
declare
  digest constant bytea := sha256(convert_to(p_lines, 'UTF8'));
  hash constant bytea := sha256(convert_to(h.hash || E'\n' || p_at || E'\n' || encode(digest, 'hex'), 'UTF8'));
begin
  h.link := h.link + 1;
  h.hash := encode(hash, 'hex');
  insert into link (id, at, rows, digest, hash) values (h.link, p_at, p_rows, digest, hash);
end $$;

create function save_head(h head) returns void
language sql
as $$
  update head set day = h.day, link = h.link, hash = h.hash, message = h.message, duplicate = h.duplicate,
    refusal = h.refusal, attempt = h.attempt, audit = h.audit, messages = h.messages, duplicates = h.duplicates,
    refusals = h.refusals, attempts = h.attempts
  where one
$$;

-- Stores a group, or the part of its settlements that fits. Messages, refusals and settlements are rows of JSON: parsed as
-- fast as arrays, and a column that a newer hub adds does not trouble an older function. Payloads come as they are, one
-- after the other, with the place of each in its row. `n` counts from 1.
--
-- What is planned once stays good while tables grow from nothing to millions: no scan of a whole table, ever.
create function commit_v1(
  p_session text,
  p_token bigint,
  p_at bigint,
  p_clock bigint,
  p_messages json,
  p_versions json,
  p_payloads bytea,
  p_digests bytea,
  p_refusals json,
  p_begins json,
  p_settlements json,
  p_lanes text
) returns json
language plpgsql security definer
set search_path from current
set enable_seqscan = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
set jit = off
as $$
declare
  began constant timestamptz := clock_timestamp();
  h head;
  -- For commits of others, in microseconds.
  waited bigint := 0;
  known json;
  result json;
  now_ms bigint;
  new_link bigint;
  lines text[] := '{}';
  line text;
  rows integer := 0;
  newest_before bigint;
  message_base bigint;
  attempt_base bigint;
  refusal_base bigint;
  accepted bigint[] := '{}';
  repeated json;
  stale bigint[] := '{}';
  stale_deliveries bigint[] := '{}';
  moot bigint[] := '{}';
  moot_by integer[] := '{}';
  superseded json;
  lost bigint[] := '{}';
  found_lost bigint[];
  n integer;
  v record;
  l latest;
  last bigint;
  tally json;
  tallies json[] := '{}';
begin
  perform from head where one for update skip locked;
  if not found then
    perform from head where one for update;
    waited := extract(epoch from clock_timestamp() - began) * 1000000;
  end if;
  h := lock_head();
  known := stored_result(p_session, p_token);
  if known is not null then return known; end if;
  now_ms := clock_ms(p_clock);
  new_link := h.link + 1;
  newest_before := h.message;
  h.day := greatest(h.day, now_ms / 86400000 - 18262, h.message >> 27, h.attempt >> 27);

  if p_messages is not null then
    message_base := greatest(h.message, h.day::bigint << 27);
    with m as materialized (
      select * from json_to_recordset(p_messages) as m (
        n integer, source text, source_id text, seen_id text, contract text, object text, key text, version text, event_time bigint,
        received_time bigint, origin text, trace text, canonical text, start integer, bytes integer, lane smallint,
        routes smallint[], tail text)
    ), s as (
      insert into seen (source, source_id, message, digest)
      select m.source, m.seen_id, message_base + m.n, substr(p_digests, m.n * 32 - 31, 32) from m
      on conflict do nothing
      returning message
    ), i as (
      insert into message (id, event_time, received_time, link, source, source_id, contract, object, key, version, origin,
        trace, digest, canonical, received)
      select s.message, m.event_time, m.received_time, new_link, m.source, m.source_id, m.contract, m.object, m.key,
        m.version, m.origin, m.trace, substr(p_digests, m.n * 32 - 31, 32), m.canonical,
        substr(p_payloads, m.start, m.bytes)
      from s join m on message_base + m.n = s.message
    ), d as (
      insert into delivery (id, since, system, route, lane, state, key)
      select s.message * 4096 + r.id, p_at, r.system, r.id, m.lane, 'pending', m.key
      from s join m on message_base + m.n = s.message cross join unnest(m.routes) wanted join route r on r.id = wanted
      returning route
    ), t as (
      select json_agg(json_build_object('route', route, 'state', 'pending', 'by', count)) as tally
      from (select d.route, count(*) from d group by d.route) x
    )
    select array_agg(s.message order by s.message),
      string_agg('["message",' || s.message || ',' || m.tail, E'\n' order by s.message), (select t.tally from t)
    into accepted, line, tally
    from s join m on message_base + m.n = s.message;
    accepted := coalesce(accepted, '{}');
    n := cardinality(accepted);
    if n > 0 then
      lines := lines || line;
      rows := rows + n;
      h.messages := h.messages + n;
      h.message := accepted[n];
      h.day := greatest(h.day, h.message >> 27);
      if tally is not null then tallies := tallies || tally; end if;
    end if;

    -- Of a state, an older version than the newest known is stale; a newer one takes its place.
    if p_versions is not null then
      for v in
        select x.* from json_to_recordset(p_versions) as x (
          n integer, contract text, object text, source text, version text, units text, routes smallint[], moot smallint[])
        where message_base + x.n = any (accepted)
        order by x.n
      loop
        select * into l from latest where contract = v.contract and object = v.object and source = v.source;
        if found and compare_versions(v.version, decode(v.units, 'hex'), l.version, l.units) < 0 then
          stale := stale || (message_base + v.n);
          stale_deliveries := stale_deliveries ||
            array(select (message_base + v.n) * 4096 + r from unnest(v.routes) r);
          continue;
        end if;
        if found then
          moot := moot || array(select l.message * 4096 + r from unnest(v.moot) r);
          moot_by := moot_by || array_fill(v.n, array[cardinality(v.moot)]);
        end if;
        insert into latest (contract, object, source, version, units, message)
        values (v.contract, v.object, v.source, v.version, decode(v.units, 'hex'), message_base + v.n)
        on conflict (contract, object, source) do update
        set version = excluded.version, units = excluded.units, message = excluded.message, kept = null;
      end loop;
      with u as (
        update delivery d set state = 'suppressed', open = false
        from unnest(stale_deliveries) x (id) where d.id = x.id
        returning d.route
      )
      select json_agg(json_build_object('route', u.route, 'state', s.state, 'by', s.by)) into tally
      from u cross join (values ('suppressed', 1), ('pending', -1)) s (state, by);
      if tally is not null then tallies := tallies || tally; end if;
      -- What is still unsent of an older version is moot, on the same route only.
      with u as (
        update delivery d set state = 'superseded', open = false, since = p_at, due_at = 0
        from unnest(moot, moot_by) x (id, by) where d.id = x.id and d.state = 'pending'
        returning d.id, d.route, x.by
      ), t as (
        select json_agg(json_build_object('route', u.route, 'state', s.state, 'by', s.by)) as tally
        from u cross join (values ('superseded', 1), ('pending', -1)) s (state, by)
      )
      select (select json_agg(json_build_array(u.by, u.id) order by u.by, u.id) from u), t.tally
      into superseded, tally from t;
      if tally is not null then tallies := tallies || tally; end if;
    end if;

    if n < json_array_length(p_messages) then
      with m as (
        select m.*, substr(p_digests, m.n * 32 - 31, 32) as digest
        from json_to_recordset(p_messages) as m (
          n integer, source text, seen_id text, received_time bigint, start integer, bytes integer)
      ), r as (
        select greatest(h.duplicate, h.day::bigint << 27) + row_number() over (order by m.n) as id, m.n, s.message,
          m.received_time, s.digest <> m.digest as differs, m.start, m.bytes
        from m join seen s on s.source = m.source and s.source_id = m.seen_id
        where s.message <> message_base + m.n
      ), i as (
        insert into duplicate (id, message, received_time, link, differs, received)
        select r.id, r.message, r.received_time, new_link, r.differs,
          case when r.differs then substr(p_payloads, r.start, r.bytes) end
        from r
      )
      select json_agg(json_build_array(r.n, r.message, r.differs) order by r.n), count(*), max(r.id),
        string_agg(format('["duplicate",%s,%s,%s,%s]', r.id, r.message, r.received_time, r.differs::integer), E'\n'
          order by r.n)
      into repeated, n, last, line from r;
      lines := lines || line;
      rows := rows + n;
      h.duplicates := h.duplicates + n;
      h.duplicate := last;
    end if;
  end if;

  if p_refusals is not null then
    refusal_base := h.refusal;
    with r as (
      select * from json_to_recordset(p_refusals) as r (
        n integer, received_time bigint, received_bytes bigint, source text, source_id text, contract text, findings text,
        origin text, start integer, bytes integer, tail text)
    ), i as (
      insert into refusal (id, received_time, link, received_bytes, source, source_id, contract, findings, origin, received)
      select refusal_base + r.n, r.received_time, new_link, r.received_bytes, r.source, r.source_id, r.contract,
        r.findings, r.origin, substr(p_payloads, r.start, r.bytes)
      from r
    )
    select count(*), string_agg('["refusal",' || refusal_base + r.n || ',' || r.tail, E'\n' order by r.n)
    into n, line from r;
    lines := lines || line;
    rows := rows + n;
    h.refusals := h.refusals + n;
    h.refusal := h.refusal + n;
  end if;

  -- The step that every delivery takes, in the fewest bytes; and all others.
  if p_begins is not null then
    with b as materialized (
      select * from json_to_recordset(p_begins) as b (d bigint, l smallint, f bigint, a bigint)
    ), u as (
      update delivery d set state = 'sending', since = b.a
      from b join lane on lane.lane = b.l and lane.fence = b.f
      where d.id = b.d and d.state = 'pending'
      returning d.id, d.route
    ), t as (
      select json_agg(json_build_object('route', x.route, 'state', s.state, 'by', s.sign * x.count)) as tally
      from (select u.route, count(*) from u group by u.route) x
        cross join (values ('pending', -1), ('sending', 1)) s (state, sign)
    )
    select (select t.tally from t), array_agg(b.d) filter (where u.id is null)
    into tally, found_lost from b left join u on u.id = b.d;
    if tally is not null then tallies := tallies || tally; end if;
    lost := lost || coalesce(found_lost, '{}');
  end if;

  if p_settlements is not null then
    attempt_base := greatest(h.attempt, h.day::bigint << 27);
    with s as materialized (
      select * from json_to_recordset(p_settlements) as s (
        n integer, delivery bigint, lane smallint, fence bigint, was state, becomes state, at bigint, due_at bigint,
        tries integer, crashes integer, parking text, kind text, started_at bigint, ended_at bigint, outcome text,
        receipt text, message text, request text, response text, tail text)
    ), u as (
      update delivery d
      set state = s.becomes, open = s.becomes in ('pending', 'sending', 'checking', 'parked'), since = s.at,
        due_at = coalesce(s.due_at, 0), attempts = d.attempts + (s.kind is not null)::integer,
        tries = coalesce(s.tries, d.tries), crashes = coalesce(s.crashes, d.crashes),
        receipt = coalesce(s.receipt, d.receipt), parking = s.parking
      from s join lane on lane.lane = s.lane and lane.fence = s.fence
      where d.id = s.delivery and d.state = s.was
      returning d.id, d.route, s.was, s.becomes
    ), a as (
      insert into attempt (id, delivery, started_at, ended_at, link, kind, outcome, receipt, message, request, response)
      select attempt_base + s.n, s.delivery, s.started_at, s.ended_at, new_link, s.kind, s.outcome, s.receipt,
        s.message, s.request, s.response
      from s join u on u.id = s.delivery
      where s.kind is not null
    ), t as (
      select json_agg(json_build_object('route', x.route, 'state', y.state, 'by', y.by)) as tally
      from (select u.route, u.was, u.becomes, count(*) from u where u.was <> u.becomes group by 1, 2, 3) x
        cross join lateral (values (x.was, -x.count), (x.becomes, x.count)) y (state, by)
    )
    select (select t.tally from t), array_agg(s.delivery) filter (where u.id is null),
      string_agg('["attempt",' || attempt_base + s.n || ',' || s.tail, E'\n' order by s.n)
        filter (where u.id is not null and s.kind is not null),
      count(*) filter (where u.id is not null and s.kind is not null), max(attempt_base + s.n)
    into tally, found_lost, line, n, last from s left join u on u.id = s.delivery;
    if tally is not null then tallies := tallies || tally; end if;
    lost := lost || coalesce(found_lost, '{}');
    if n > 0 then
      lines := lines || line;
      rows := rows + n;
      h.attempts := h.attempts + n;
      h.attempt := last;
    end if;
  end if;

  if cardinality(tallies) > 0 then
    insert into counter as c (route, state, count)
    select t.route, t.state, sum(t.by)
    from unnest(tallies) x cross join json_to_recordset(x) as t (route smallint, state state, by bigint)
    group by t.route, t.state having sum(t.by) <> 0
    order by 1, 2
    on conflict (route, state) do update set count = c.count + excluded.count;
  end if;
  if rows > 0 then h := seal(h, p_at, rows, array_to_string(lines, E'\n')); end if;
  perform save_head(h);
  result := json_build_object('base', message_base, 'repeated', repeated, 'stale', stale, 'superseded', superseded,
    'refusals', refusal_base, 'lost', lost, 'newestBefore', newest_before, 'waited', waited);
  perform store_result(p_session, p_token, result, now_ms);
  if p_lanes is not null then perform tell(p_session, now_ms, 'accepted ' || p_lanes); end if;
  return result;
end $$;

-- What a person does to one delivery, with the state it may be in. `p_create`: the route of a delivery that is to be made.
create function act_v1(
  p_session text,
  p_token bigint,
  p_at bigint,
  p_clock bigint,
  p_delivery bigint,
  p_create smallint,
  p_lane smallint,
  p_from state[],
  p_to state,
  p_edited text,
  p_receipt text,
  p_who text,
  p_act text,
  p_why text,
  p_detail text,
  p_tail text
) returns json
language plpgsql security definer
set search_path from current
set enable_seqscan = off
as $$
declare
  h head;
  known json;
  result json;
  was state;
  of_message constant bigint := p_delivery / 4096;
begin
  h := lock_head();
  known := stored_result(p_session, p_token);
  if known is not null then return known; end if;
  if p_create is null then
    select state into was from delivery where id = p_delivery;
    if not found then raise exception 'no delivery' using errcode = 'LS404'; end if;
    if was <> all (p_from) then raise exception '%', was using errcode = 'LS409'; end if;
    update delivery
    set state = p_to, open = p_to in ('pending', 'sending', 'checking', 'parked'), since = p_at, due_at = 0, tries = 0,
      crashes = 0, parking = null, edited = coalesce(p_edited, edited), receipt = coalesce(p_receipt, receipt)
    where id = p_delivery;
  else
    if not exists (select from message m where m.id = of_message) then
      raise exception 'no message' using errcode = 'LS404';
    end if;
    if exists (select from delivery where id = p_delivery) then
      raise exception 'exists' using errcode = 'LS409';
    end if;
    insert into delivery (id, since, system, route, lane, state, key)
    select p_delivery, p_at, r.system, r.id, p_lane, 'pending', m.key
    from message m cross join route r where m.id = of_message and r.id = p_create;
    if not found then raise exception 'no route' using errcode = 'LS404'; end if;
  end if;
  insert into counter as c (route, state, count)
  select p_delivery % 4096, x.state, sum(x.by) from (values (was, -1), (p_to, 1)) x (state, by)
  where x.state is not null group by x.state
  on conflict (route, state) do update set count = c.count + excluded.count;
  h.audit := h.audit + 1;
  insert into audit (id, at, message, delivery, link, who, act, why, detail)
  values (h.audit, p_at, of_message, p_delivery, h.link + 1, p_who, p_act, p_why, p_detail);
  h := seal(h, p_at, 1, '["audit",' || h.audit || ',' || p_tail);
  perform save_head(h);
  result := json_build_object('audit', h.audit);
  perform store_result(p_session, p_token, result, clock_ms(p_clock));
  perform tell(p_session, clock_ms(p_clock), 'acts');
  return result;
end $$;

create function register_systems_v1(p_systems json) returns void
language plpgsql security definer
set search_path from current
as $$
begin
  perform lock_head();
  insert into system (id, name, plant)
  select (select coalesce(max(id), 0) from system) + row_number() over (), s.name, s.plant
  from json_to_recordset(p_systems) as s (name text, plant text)
  on conflict (name) do update set plant = excluded.plant;
end $$;

-- Refuses nothing: a route beyond the last number is simply not there afterwards.
create function register_routes_v1(p_routes json) returns void
language plpgsql security definer
set search_path from current
as $$
declare
  r record;
begin
  perform lock_head();
  for r in select * from json_to_recordset(p_routes) as r (flow text, system text, operation text) loop
    insert into system (id, name) select (select coalesce(max(id), 0) + 1 from system), r.system
    on conflict (name) do nothing;
    insert into route (id, flow, system, operation)
    select free.id, r.flow, s.id, r.operation
    from system s cross join (select coalesce(max(id), 0) + 1 as id from route) free
    where s.name = r.system and free.id < 4096
    on conflict (flow, system, operation) do nothing;
  end loop;
end $$;

create function learn_identities_v1(p_identities json) returns void
language plpgsql security definer
set search_path from current
as $$
declare
  i record;
  other text;
begin
  perform lock_head();
  for i in
    select * from json_to_recordset(p_identities) as i (
      kind text, object text, system text, external text, learned_at bigint, origin text)
  loop
    select object into other from identity
    where kind = i.kind and system = i.system and external = i.external and object <> i.object;
    if found then
      raise exception '%', json_build_object('kind', i.kind, 'object', i.object, 'system', i.system,
        'external', i.external, 'other', other) using errcode = 'LS410';
    end if;
    insert into identity (kind, object, system, external, learned_at, origin)
    values (i.kind, i.object, i.system, i.external, i.learned_at, i.origin)
    on conflict (kind, object, system) do update
    set external = excluded.external, learned_at = excluded.learned_at, origin = excluded.origin;
  end loop;
end $$;

create function save_cursor_v1(p_name text, p_value text) returns void
language sql security definer
set search_path from current
as $$
  insert into source_cursor (name, value) values (p_name, p_value)
  on conflict (name) do update set value = excluded.value
$$;

-- 0004-lanes.sql
-- Lanes are shared out by the ledger's clock. Live is who renewed in time and did not say goodbye.

-- What a worker holds, how much of it others wait for, and who is live.
create function lease_of(p_worker text, p_lease_ms bigint, p_now bigint) returns json
language sql stable
as $$
  with live as (
    select name from worker where lease_until > p_now and not released
  ), share as (
    select ceil(64.0 / greatest(1, (select count(*) from live)))::integer as lanes
  ), held as (
    select live.name, (select count(*) from lane where lane.worker = live.name)::integer as lanes from live
  ), wanted as (
    -- What others lack of their share, beyond the lanes that nobody has.
    select coalesce(sum(greatest(0, share.lanes - held.lanes)), 0)
        - (select count(*) from lane where worker is null or worker not in (select name from live)) as lanes
    from held cross join share where held.name <> p_worker
  )
  select json_build_object(
    'lanes', (select coalesce(json_agg(json_build_object('lane', lane, 'fence', fence) order by lane), '[]')
              from lane where worker = p_worker),
    'surplus', (select least(greatest(0, coalesce((select lanes from held where name = p_worker), 0) - share.lanes),
                  greatest(0, wanted.lanes)) from share cross join wanted),
    'workers', (select count(*) from live),
    'leaseMs', p_lease_ms,
    'now', p_now)
$$;

-- Under the lock on head. How many lanes it took.
create function take_free_lanes(p_worker text, p_now bigint) returns integer
language plpgsql
as $$
declare
  taken integer;
begin
  with live as (
    select name from worker where lease_until > p_now and not released
  ), free as (
    select lane from lane
    where worker is null or worker <> p_worker and worker not in (select name from live)
    order by lane
    limit (select greatest(0, ceil(64.0 / greatest(1, (select count(*) from live)))
      - (select count(*) from lane where worker = p_worker)))
  )
  update lane set worker = p_worker, fence = lane.fence + 1 from free where lane.lane = free.lane;
  get diagnostics taken = row_count;
  return taken;
end $$;

create function claim_lanes_v1(p_session text, p_worker text, p_lease_ms bigint, p_clock bigint) returns json
language plpgsql security definer
set search_path from current
as $$
declare
  now_ms bigint;
begin
  perform lock_head();
  now_ms := clock_ms(p_clock);
  -- Who has not been seen for a day does not come back.
  delete from worker where lease_until < now_ms - 86400000;
  delete from session where at < now_ms - 7 * 86400000;
  insert into worker (name, session, lease_until) values (p_worker, p_session, now_ms + p_lease_ms)
  on conflict (name) do update
  set session = excluded.session, lease_until = excluded.lease_until, released = false;
  -- An earlier process of this name may still have something under way.
  update lane set fence = fence + 1 where worker = p_worker;
  perform take_free_lanes(p_worker, now_ms);
  perform tell(p_session, now_ms, 'workers');
  return lease_of(p_worker, p_lease_ms, now_ms);
end $$;

create function renew_lanes_v1(p_session text, p_worker text, p_lease_ms bigint, p_clock bigint) returns json
language plpgsql security definer
set search_path from current
as $$
declare
  now_ms bigint := clock_ms(p_clock);
  was worker;
begin
  select * into was from worker where name = p_worker;
  -- It said goodbye, or another process has its name: nothing of it is this one's any more.
  if was.released or was.session <> p_session then
    return (lease_of(p_worker, p_lease_ms, now_ms)::jsonb || '{"lanes": [], "surplus": 0}')::json;
  end if;
  if was.lease_until > now_ms and not exists (
    select from lane left join worker w on w.name = lane.worker and w.lease_until > now_ms and not w.released
    where w.name is null
  ) then
    -- Nothing to take: one row, and no commit waits for it.
    update worker set lease_until = now_ms + p_lease_ms where name = p_worker and session = p_session and not released;
    return lease_of(p_worker, p_lease_ms, now_ms);
  end if;
  perform lock_head();
  now_ms := clock_ms(p_clock);
  insert into worker as w (name, session, lease_until) values (p_worker, p_session, now_ms + p_lease_ms)
  on conflict (name) do update set lease_until = excluded.lease_until
  where w.session = excluded.session and not w.released;
  if found then
    perform take_free_lanes(p_worker, now_ms);
    if was.lease_until is null or was.lease_until <= now_ms then perform tell(p_session, now_ms, 'workers'); end if;
  end if;
  return lease_of(p_worker, p_lease_ms, now_ms);
end $$;

-- Without lanes all of them, and the worker is no longer live. Each fence is raised: what is under way is turned away.
create function release_lanes_v1(p_session text, p_worker text, p_lanes smallint[], p_clock bigint) returns void
language plpgsql security definer
set search_path from current
as $$
begin
  perform lock_head();
  update lane set worker = null, fence = fence + 1
  where worker = p_worker and (p_lanes is null or lane = any (p_lanes));
  if p_lanes is null then update worker set released = true, lease_until = 0 where name = p_worker; end if;
  perform tell(p_session, clock_ms(p_clock), 'workers');
end $$;

-- 0005-retention.sql
-- Retention takes whole partitions, and says in a sealed row what it took: so the audit chain still verifies.

create function text_or_null(p_bytes bytea) returns text
language plpgsql immutable
as $$
begin
  return convert_from(p_bytes, 'UTF8');
exception when others then
  return null;
end $$;

-- Takes away one partition that ended `p_keep_days` ago and begins at `p_from_day` or later; tells which, or which one it
-- had to keep for the sake of deliveries that are still open, or null when there is none left.
create function retain_v1(p_clock bigint, p_from_day integer, p_keep_days integer, p_who text, p_why text) returns json
language plpgsql security definer
set search_path from current
set lock_timeout = '2s'
as $$
declare
  h head;
  now_ms bigint;
  p partition;
  kind text;
  n bigint;
  newest bigint;
  rows bigint := 0;
  link bigint := 0;
  detail text;
begin
  h := lock_head();
  now_ms := clock_ms(p_clock);
  select * into p from partition
  where last_day <= now_ms / 86400000 - 18262 - p_keep_days and first_day >= p_from_day
  order by first_day limit 1;
  if not found then return null; end if;
  execute format('select count(*) from %I where open', 'delivery_' || p.name) into n;
  if n > 0 then
    return json_build_object('partition', p.name, 'firstDay', p.first_day, 'lastDay', p.last_day, 'open', n);
  end if;
  foreach kind in array array['message', 'duplicate', 'attempt'] loop
    execute format('select count(*), coalesce(max(link), 0) from %I', kind || '_' || p.name) into n, newest;
    rows := rows + n;
    link := greatest(link, newest);
  end loop;
  -- What is still the newest of its object is kept with it.
  execute format(
    'update latest l set kept = coalesce(m.canonical, text_or_null(m.received)) from %I m where m.id = l.message and l.kept is null',
    'message_' || p.name);
  execute format(
    'update counter c set count = c.count - d.count
     from (select route, state, count(*) as count from %I group by route, state) d
     where d.route = c.route and d.state = c.state', 'delivery_' || p.name);
  foreach kind in array array['message', 'delivery', 'attempt', 'duplicate'] loop
    execute format('drop table %I', kind || '_' || p.name);
  end loop;
  delete from partition where name = p.name;
  if rows > 0 then
    h := seal_retention(h, now_ms, p_who, p_why, 'partition ' || p.name, link, rows);
    perform save_head(h);
  end if;
  return json_build_object('partition', p.name, 'firstDay', p.first_day, 'lastDay', p.last_day, 'rows', rows);
end $$;

create function seal_retention(inout h head, p_at bigint, p_who text, p_why text, p_what text, p_link bigint, p_rows bigint)
language plpgsql
as $$
declare
  detail constant text := json_build_object('what', p_what, 'link', p_link, 'rows', p_rows);
begin
  h.audit := h.audit + 1;
  insert into audit (id, at, link, who, act, why, detail)
  values (h.audit, p_at, h.link + 1, p_who, 'retain', p_why, detail);
  h := seal(h, p_at, 1, format('["audit",%s,%s,%s,"retain",null,null,%s,%s]',
    h.audit, p_at, to_json(p_who), to_json(p_why), to_json(detail)));
end $$;

-- Refusals are few, so they are not partitioned: at most `p_limit` at once, how many there were.
create function retain_refusals_v1(p_clock bigint, p_keep_days integer, p_limit integer, p_who text, p_why text)
returns bigint
language plpgsql security definer
set search_path from current
as $$
declare
  h head;
  now_ms bigint;
  n bigint;
  newest bigint;
begin
  h := lock_head();
  now_ms := clock_ms(p_clock);
  with old as (
    select id from refusal where received_time < now_ms - p_keep_days * 86400000::bigint order by id limit p_limit
  ), gone as (
    delete from refusal r using old where r.id = old.id returning r.link
  )
  select count(*), max(gone.link) into n, newest from gone;
  if n > 0 then
    h := seal_retention(h, now_ms, p_who, p_why, 'refusals', newest, n);
    perform save_head(h);
  end if;
  return n;
end $$;

-- Facts older than this are not told from new ones any more: at most `p_limit` at once, how many there were.
create function forget_v1(p_clock bigint, p_keep_days integer, p_limit integer) returns bigint
language plpgsql security definer
set search_path from current
as $$
declare
  n bigint;
begin
  delete from seen where ctid = any (array(
    select ctid from seen
    where message < greatest(0, clock_ms(p_clock) / 86400000 - 18262 - p_keep_days)::bigint << 27
    limit p_limit));
  get diagnostics n = row_count;
  return n;
end $$;

-- 0006-plants.sql
-- Who may read a plant's part: a role of the database each, so that nobody can say to be another. Hubs get a policy of
-- their own when their role is named to `lineshaft migrate`; the owner sees everything.

create table reader (
  role name not null,
  plant text not null,
  primary key (role, plant)
);

alter table reader enable row level security;
alter table system enable row level security;
alter table message enable row level security;
alter table delivery enable row level security;
alter table attempt enable row level security;
alter table duplicate enable row level security;
alter table refusal enable row level security;
alter table audit enable row level security;

create policy plant on reader for select using (role = current_user);
create policy plant on system for select using (plant in (select r.plant from reader r));
-- The subqueries run as the reader, so the policies of the tables they name hold there too.
create policy plant on message for select using (source in (select s.name from system s));
create policy plant on delivery for select using (
  system in (select s.id from system s) or exists (select from message m where m.id = delivery.id / 4096));
create policy plant on attempt for select using (exists (select from delivery d where d.id = attempt.delivery));
create policy plant on duplicate for select using (exists (select from message m where m.id = duplicate.message));
create policy plant on refusal for select using (source in (select s.name from system s));
create policy plant on audit for select using (
  exists (select from delivery d where d.id = audit.delivery)
  or audit.delivery is null and exists (select from message m where m.id = audit.message));

select add_partition('attempt', 'attempt_below', 'for values from (minvalue) to (''342255206400'')');
select add_partition('attempt', 'attempt_other', 'default');
select add_partition('attempt', 'attempt_p02550', 'for values from (''342255206400'') to (''346281738240'')');
select add_partition('attempt', 'attempt_p02580', 'for values from (''346281738240'') to (''350308270080'')');
select add_partition('attempt', 'attempt_p02610', 'for values from (''350308270080'') to (''354334801920'')');
select add_partition('delivery', 'delivery_below', 'for values from (minvalue) to (''1401877325414400'')');
select add_partition('delivery', 'delivery_other', 'default');
select add_partition('delivery', 'delivery_p02550', 'for values from (''1401877325414400'') to (''1418369999831040'')');
select add_partition('delivery', 'delivery_p02580', 'for values from (''1418369999831040'') to (''1434862674247680'')');
select add_partition('delivery', 'delivery_p02610', 'for values from (''1434862674247680'') to (''1451355348664320'')');
select add_partition('duplicate', 'duplicate_below', 'for values from (minvalue) to (''342255206400'')');
select add_partition('duplicate', 'duplicate_other', 'default');
select add_partition('duplicate', 'duplicate_p02550', 'for values from (''342255206400'') to (''346281738240'')');
select add_partition('duplicate', 'duplicate_p02580', 'for values from (''346281738240'') to (''350308270080'')');
select add_partition('duplicate', 'duplicate_p02610', 'for values from (''350308270080'') to (''354334801920'')');
select add_partition('message', 'message_below', 'for values from (minvalue) to (''342255206400'')');
select add_partition('message', 'message_other', 'default');
select add_partition('message', 'message_p02550', 'for values from (''342255206400'') to (''346281738240'')');
select add_partition('message', 'message_p02580', 'for values from (''346281738240'') to (''350308270080'')');
select add_partition('message', 'message_p02610', 'for values from (''350308270080'') to (''354334801920'')');
insert into migration (number, name, oldest_code, at) values
('1', '0001-ledger.sql', NULL, '2026-11-21 16:20:10.894197+00'),
('2', '0002-partitions.sql', NULL, '2026-11-21 16:20:10.937792+00'),
('3', '0003-commit.sql', NULL, '2026-11-21 16:20:10.944634+00'),
('4', '0004-lanes.sql', NULL, '2026-11-21 16:20:10.953485+00'),
('5', '0005-retention.sql', NULL, '2026-11-21 16:20:10.963454+00'),
('6', '0006-plants.sql', NULL, '2026-11-21 16:20:10.978587+00');
delete from setting;
insert into setting (name, value) values
('channel', 'lineshaft_74feux79'),
('id', '74feux79'),
('partition_days', '30');
delete from head;
insert into head (one, day, link, hash, message, duplicate, refusal, attempt, audit, messages, duplicates, refusals, attempts) values
('true', '2571', '7', '9c9c30d6cf9566f7f4f3e41edd9d7f14bd6f1f1e8765ee6feee32b6fb688d9f2', '345073778700', '345073778690', '1', '345073778694', '4', '12', '2', '1', '6');
delete from system;
insert into system (id, name, plant) values
('1', 'mes', 'hamburg'),
('2', 'odoo', 'hamburg'),
('3', 's4', NULL);
delete from route;
insert into route (id, flow, system, operation) values
('1', 'notes', '2', 'apply'),
('2', 'notes', '3', 'post'),
('3', 'later', '3', 'post');
delete from message;
insert into message (id, event_time, received_time, link, source, source_id, contract, object, key, version, origin, trace, digest, canonical, received) values
('345073778689', '500', '1000', '1', 'mes', 'done', 'note.v1', 'done', 'done', NULL, NULL, NULL, E'\\xc0834bb5e0d70a0b159ff97c40f2593562f4d72e50a583a78d9e33ea24ab6583', NULL, E'\\x7b226964223a22646f6e65222c226b6579223a22646f6e65227d'),
('345073778690', '500', '1000', '1', 'mes', 'sending', 'note.v1', 'sending', 'sending', NULL, NULL, NULL, E'\\x003f1c57881c7a91f3224d658fd8a6569013c96ebe6349462d708d58bc86bd46', NULL, E'\\x7b226964223a2273656e64696e67222c226b6579223a2273656e64696e67227d'),
('345073778691', '500', '1000', '1', 'mes', 'checking', 'note.v1', 'checking', 'checking', NULL, NULL, NULL, E'\\x186481410f5e33c145b87ea1a98d904a15d995ca967b64111005e37671ccc0e8', NULL, E'\\x7b226964223a22636865636b696e67222c226b6579223a22636865636b696e67227d'),
('345073778692', '500', '1000', '1', 'mes', 'parked', 'note.v1', 'parked', 'parked', NULL, NULL, NULL, E'\\xe735581ab6b399fb30d0b674d0e4a6756dd0c851cb8f57e8bb27aa887c216b2a', NULL, E'\\x7b226964223a227061726b6564222c226b6579223a227061726b6564227d'),
('345073778693', '500', '1000', '1', 'mes', 'edited', 'note.v1', 'edited', 'edited', NULL, NULL, NULL, E'\\x93e265082a67285a2dd620dc958438cf86d4056dfcb5f05d40524b7c4f047ef6', NULL, E'\\x7b226964223a22656469746564222c226b6579223a22656469746564227d'),
('345073778694', '500', '1000', '1', 'mes', 'confirmed', 'note.v1', 'confirmed', 'confirmed', NULL, NULL, NULL, E'\\x6417f8bf1520e2e7d2bd95c6d06edca0a5734cf5dd5ae13b11a019436fd84bde', NULL, E'\\x7b226964223a22636f6e6669726d6564222c226b6579223a22636f6e6669726d6564227d'),
('345073778695', '500', '1000', '1', 'mes', 'dropped', 'note.v1', 'dropped', 'dropped', NULL, NULL, NULL, E'\\x40d4177fc39ab77abb380e7e0bcb5942be8c69c5d139c9511e7e53a42cebe7ce', NULL, E'\\x7b226964223a2264726f70706564222c226b6579223a2264726f70706564227d'),
('345073778696', '500', '1000', '1', 'mes', 'pending', 'note.v1', 'pending', 'pending', NULL, NULL, NULL, E'\\x1d1a8672666ddfe14d80a141fe1b6d8e8390e50faf8cfd9b8924023a4328014f', NULL, E'\\x7b226964223a2270656e64696e67222c226b6579223a2270656e64696e67227d'),
('345073778697', '500', '1000', '1', 'mes', 'odd 0000 d800 001a0000 🏭', 'note.v1', 'odd 0000 d800 001a0000 🏭', 'odd 0000 d800 001a0000 🏭', NULL, 'odd 0000 d800 001a0000 🏭', 't-1', E'\\x77d775faf5ea3f2ea3237482f59e3f909d840a55cf8aa1ee742d804dd4e0b2d1', 'odd 0000 d800 001a0000 🏭', E'\\x00ff01'),
('345073778698', '500', '1000', '1', 'mes', 'level 9', 'level.v1', 'tank', 'tank', '9', NULL, NULL, E'\\x33ad8756718352d38ed6b036339f367658a6ec1ea6c5599d0e319761ded06064', '{"v":"9"}', E'\\x7b226964223a226c6576656c2039222c226b6579223a2274616e6b227d'),
('345073778699', '500', '1000', '1', 'mes', 'level 8', 'level.v1', 'tank', 'tank', '8', NULL, NULL, E'\\x9e720787dd43f16db90e7b258c68a33ced26222a8c5a340a4943841ab1c0cb89', '{"v":"8"}', E'\\x7b226964223a226c6576656c2038222c226b6579223a2274616e6b227d'),
('345073778700', '500', '1000', '1', 'mes', 'level 10', 'level.v1', 'tank', 'tank', '10', NULL, NULL, E'\\x8548eb7c0736bc45556430838f7dd90537758e99cbdc9026dc4077ce3f316e04', '{"v":"10"}', E'\\x7b226964223a226c6576656c203130222c226b6579223a2274616e6b227d');
delete from seen;
insert into seen (source, source_id, message, digest) values
('mes', 'checking', '345073778691', E'\\x186481410f5e33c145b87ea1a98d904a15d995ca967b64111005e37671ccc0e8'),
('mes', 'confirmed', '345073778694', E'\\x6417f8bf1520e2e7d2bd95c6d06edca0a5734cf5dd5ae13b11a019436fd84bde'),
('mes', 'done', '345073778689', E'\\xc0834bb5e0d70a0b159ff97c40f2593562f4d72e50a583a78d9e33ea24ab6583'),
('mes', 'dropped', '345073778695', E'\\x40d4177fc39ab77abb380e7e0bcb5942be8c69c5d139c9511e7e53a42cebe7ce'),
('mes', 'edited', '345073778693', E'\\x93e265082a67285a2dd620dc958438cf86d4056dfcb5f05d40524b7c4f047ef6'),
('mes', 'level 10', '345073778700', E'\\x8548eb7c0736bc45556430838f7dd90537758e99cbdc9026dc4077ce3f316e04'),
('mes', 'level 8', '345073778699', E'\\x9e720787dd43f16db90e7b258c68a33ced26222a8c5a340a4943841ab1c0cb89'),
('mes', 'level 9', '345073778698', E'\\x33ad8756718352d38ed6b036339f367658a6ec1ea6c5599d0e319761ded06064'),
('mes', 'odd 0000 d800 001a0000 🏭', '345073778697', E'\\x77d775faf5ea3f2ea3237482f59e3f909d840a55cf8aa1ee742d804dd4e0b2d1'),
('mes', 'parked', '345073778692', E'\\xe735581ab6b399fb30d0b674d0e4a6756dd0c851cb8f57e8bb27aa887c216b2a'),
('mes', 'pending', '345073778696', E'\\x1d1a8672666ddfe14d80a141fe1b6d8e8390e50faf8cfd9b8924023a4328014f'),
('mes', 'sending', '345073778690', E'\\x003f1c57881c7a91f3224d658fd8a6569013c96ebe6349462d708d58bc86bd46');
delete from delivery;
insert into delivery (id, since, due_at, system, route, lane, state, attempts, tries, crashes, open, key, receipt, parking, edited) values
('1413422197510145', '1200', '0', '2', '1', '49', 'done', '1', '0', '0', 'false', 'done', 'r odd 0000 d800 001a0000 🏭', NULL, NULL),
('1413422197510146', '1200', '9000', '3', '2', '49', 'pending', '0', '3', '0', 'true', 'done', NULL, NULL, NULL),
('1413422197510147', '1300', '0', '3', '3', '49', 'pending', '0', '0', '0', 'true', 'done', NULL, NULL, NULL),
('1413422197514241', '1200', '0', '2', '1', '9', 'sending', '0', '0', '0', 'true', 'sending', NULL, NULL, NULL),
('1413422197514242', '1000', '0', '3', '2', '9', 'pending', '0', '0', '0', 'true', 'sending', NULL, NULL, NULL),
('1413422197518337', '1200', '5000', '2', '1', '49', 'checking', '1', '2', '1', 'true', 'checking', NULL, NULL, NULL),
('1413422197518338', '1000', '0', '3', '2', '49', 'pending', '0', '0', '0', 'true', 'checking', NULL, NULL, NULL),
('1413422197522433', '1200', '0', '2', '1', '16', 'parked', '1', '0', '0', 'true', 'parked', NULL, E'{"reason":"rejected","message":"No such order. odd \\u0000 \\ud800 \\u001a0000 🏭","next":"Correct it.","owner":"ana"}', NULL),
('1413422197522434', '1000', '0', '3', '2', '16', 'pending', '0', '0', '0', 'true', 'parked', NULL, NULL, NULL),
('1413422197526529', '1300', '0', '2', '1', '40', 'pending', '1', '0', '0', 'true', 'edited', NULL, NULL, '{"corrected":"odd 0000 d800 001a0000 🏭"}'),
('1413422197526530', '1000', '0', '3', '2', '40', 'pending', '0', '0', '0', 'true', 'edited', NULL, NULL, NULL),
('1413422197530625', '1300', '0', '2', '1', '14', 'done', '1', '0', '0', 'false', 'confirmed', 'by hand', NULL, NULL),
('1413422197530626', '1000', '0', '3', '2', '14', 'pending', '0', '0', '0', 'true', 'confirmed', NULL, NULL, NULL),
('1413422197534721', '1300', '0', '2', '1', '37', 'dropped', '1', '0', '0', 'false', 'dropped', NULL, NULL, NULL),
('1413422197534722', '1000', '0', '3', '2', '37', 'pending', '0', '0', '0', 'true', 'dropped', NULL, NULL, NULL),
('1413422197538817', '1000', '0', '2', '1', '60', 'pending', '0', '0', '0', 'true', 'pending', NULL, NULL, NULL),
('1413422197538818', '1000', '0', '3', '2', '60', 'pending', '0', '0', '0', 'true', 'pending', NULL, NULL, NULL),
('1413422197542913', '1000', '0', '2', '1', '27', 'pending', '0', '0', '0', 'true', 'odd 0000 d800 001a0000 🏭', NULL, NULL, NULL),
('1413422197542914', '1000', '0', '3', '2', '27', 'pending', '0', '0', '0', 'true', 'odd 0000 d800 001a0000 🏭', NULL, NULL, NULL),
('1413422197547009', '1000', '0', '2', '1', '9', 'superseded', '0', '0', '0', 'false', 'tank', NULL, NULL, NULL),
('1413422197547010', '1000', '0', '3', '2', '9', 'superseded', '0', '0', '0', 'false', 'tank', NULL, NULL, NULL),
('1413422197551105', '1000', '0', '2', '1', '9', 'suppressed', '0', '0', '0', 'false', 'tank', NULL, NULL, NULL),
('1413422197551106', '1000', '0', '3', '2', '9', 'suppressed', '0', '0', '0', 'false', 'tank', NULL, NULL, NULL),
('1413422197555201', '1000', '0', '2', '1', '9', 'pending', '0', '0', '0', 'true', 'tank', NULL, NULL, NULL),
('1413422197555202', '1000', '0', '3', '2', '9', 'pending', '0', '0', '0', 'true', 'tank', NULL, NULL, NULL);
delete from attempt;
insert into attempt (id, delivery, started_at, ended_at, link, kind, outcome, receipt, message, request, response) values
('345073778689', '1413422197510145', '1150', '1200', '3', 'send', 'done', 'r odd 0000 d800 001a0000 🏭', NULL, '{"v":"odd 0000 d800 001a0000 🏭"}', NULL),
('345073778690', '1413422197518337', '1150', '1200', '3', 'send', 'uncertain', NULL, 'No answer.', '{"v":"odd 0000 d800 001a0000 🏭"}', NULL),
('345073778691', '1413422197522433', '1150', '1200', '3', 'send', 'rejected', NULL, NULL, '{"v":"odd 0000 d800 001a0000 🏭"}', NULL),
('345073778692', '1413422197526529', '1150', '1200', '3', 'send', 'rejected', NULL, NULL, '{"v":"odd 0000 d800 001a0000 🏭"}', NULL),
('345073778693', '1413422197530625', '1150', '1200', '3', 'send', 'rejected', NULL, NULL, '{"v":"odd 0000 d800 001a0000 🏭"}', NULL),
('345073778694', '1413422197534721', '1150', '1200', '3', 'send', 'rejected', NULL, NULL, '{"v":"odd 0000 d800 001a0000 🏭"}', NULL);
delete from duplicate;
insert into duplicate (id, message, received_time, link, differs, received) values
('345073778689', '345073778689', '1099', '2', 'false', NULL),
('345073778690', '345073778689', '1100', '2', 'true', E'\\x6f74686572');
delete from refusal;
insert into refusal (id, received_time, link, received_bytes, source, source_id, contract, findings, origin, received) values
('1', '999', '1', '70000', 'mes', 'odd 0000 d800 001a0000 🏭', 'note.v1', E'[{"field":"odd \\u0000 \\ud800 \\u001a0000 🏭","rule":"schema.required","fix":"Send it."}]', 'terminal 3', E'\\xff00');
delete from audit;
insert into audit (id, at, message, delivery, link, who, act, why, detail) values
('1', '1300', '345073778693', '1413422197526529', '4', 'ana', 'edit', 'because odd 0000 d800 001a0000 🏭', E'["odd \\u0000 \\ud800 \\u001a0000 🏭"]'),
('2', '1300', '345073778694', '1413422197530625', '5', 'ana', 'confirm', 'because odd 0000 d800 001a0000 🏭', '{"receipt":"by hand"}'),
('3', '1300', '345073778695', '1413422197534721', '6', 'ana', 'drop', 'because odd 0000 d800 001a0000 🏭', NULL),
('4', '1300', '345073778689', '1413422197510147', '7', 'ana', 'create', 'because odd 0000 d800 001a0000 🏭', NULL);
delete from link;
insert into link (id, at, rows, digest, hash) values
('1', '1000', '13', E'\\x5b27d030be47c9d95327904ca8b3247edb9e1d4a30321ebfebf40f74481db5ff', E'\\x4798b2ddd60efa2422fc521613a65800e56f0b711398a149139d3fccf6dbedeb'),
('2', '1100', '2', E'\\x3daf8a675b2a11b91a4d3f3f8b08086350f17f078a1957ded3409106336668d6', E'\\x841561b90c769a3d4eb48d36182c987c6b5ec46eb7aef8586ee052e2ad06e87a'),
('3', '1200', '6', E'\\x1efdf1d78c97cac933fbb1883ebfe497892972f23d74afeb1695b53de7398034', E'\\xa682c8932dbb7fc4ce7b8fdbacb063d1e673a5e0f4f91fc0e494c6dca4adb52b'),
('4', '1300', '1', E'\\x9aa21660979545daa4691cd16593f5ab8c781d10489f083c125409f02acfa0f6', E'\\x795abe462b8415f6c36ad479e96cf0dfc69b7162cebe2ad6981733c364fe092e'),
('5', '1300', '1', E'\\x573d0da502cdc57968e30eb1a4c89226645db3a3327a2c2c64c8e18f5538fbb7', E'\\xe27fc9141a7f474393af857aafe514a52052a1c231268f9709839841ab9a1c40'),
('6', '1300', '1', E'\\x9b69bf6afa2deb01fb1c28764fa2a9c73a1e0e9c6d7c196f78cd3a45416b7b78', E'\\x6f02d6363ae755983350bef4c67710789c0c81fd941354aaec5b8c8a8b0e090d'),
('7', '1300', '1', E'\\xc5e61836c40938bfb23b30f2ad866dd7c8730b716ec14229b0d7a9f65a458835', E'\\x9c9c30d6cf9566f7f4f3e41edd9d7f14bd6f1f1e8765ee6feee32b6fb688d9f2');
delete from latest;
insert into latest (contract, object, source, version, units, message, kept) values
('level.v1', 'tank', 'mes', '10', E'\\x00310030', '345073778700', NULL);
delete from lane;
insert into lane (lane, worker, fence) values
('0', NULL, '2'),
('1', NULL, '2'),
('10', NULL, '2'),
('11', NULL, '2'),
('12', NULL, '2'),
('13', NULL, '2'),
('14', NULL, '2'),
('15', NULL, '2'),
('16', NULL, '2'),
('17', NULL, '2'),
('18', NULL, '2'),
('19', NULL, '2'),
('2', NULL, '2'),
('20', NULL, '2'),
('21', NULL, '2'),
('22', NULL, '2'),
('23', NULL, '2'),
('24', NULL, '2'),
('25', NULL, '2'),
('26', NULL, '2'),
('27', NULL, '2'),
('28', NULL, '2'),
('29', NULL, '2'),
('3', NULL, '2'),
('30', NULL, '2'),
('31', NULL, '2'),
('32', NULL, '2'),
('33', NULL, '2'),
('34', NULL, '2'),
('35', NULL, '2'),
('36', NULL, '2'),
('37', NULL, '2'),
('38', NULL, '2'),
('39', NULL, '2'),
('4', NULL, '2'),
('40', NULL, '2'),
('41', NULL, '2'),
('42', NULL, '2'),
('43', NULL, '2'),
('44', NULL, '2'),
('45', NULL, '2'),
('46', NULL, '2'),
('47', NULL, '2'),
('48', NULL, '2'),
('49', NULL, '2'),
('5', NULL, '2'),
('50', NULL, '2'),
('51', NULL, '2'),
('52', NULL, '2'),
('53', NULL, '2'),
('54', NULL, '2'),
('55', NULL, '2'),
('56', NULL, '2'),
('57', NULL, '2'),
('58', NULL, '2'),
('59', NULL, '2'),
('6', NULL, '2'),
('60', NULL, '2'),
('61', NULL, '2'),
('62', NULL, '2'),
('63', NULL, '2'),
('7', NULL, '2'),
('8', NULL, '2'),
('9', NULL, '2');
delete from worker;
insert into worker (name, session, lease_until, released) values
('w1', 'k32KXoF6GC4s', '0', 'true');
delete from session;
insert into session (name, token, result, at) values
('k32KXoF6GC4s', '9', '{"base" : null, "repeated" : null, "stale" : [], "superseded" : null, "refusals" : null, "lost" : [], "newestBefore" : 345073778700, "waited" : 0}', '1800000000000');
delete from counter;
insert into counter (route, state, count) values
('1', 'checking', '1'),
('1', 'done', '2'),
('1', 'dropped', '1'),
('1', 'parked', '1'),
('1', 'pending', '4'),
('1', 'sending', '1'),
('1', 'superseded', '1'),
('1', 'suppressed', '1'),
('2', 'pending', '10'),
('2', 'superseded', '1'),
('2', 'suppressed', '1'),
('3', 'pending', '1');
delete from identity;
insert into identity (kind, object, system, external, learned_at, origin) values
('product', 'B-1', 'odoo', 'odd 0000 d800 001a0000 🏭', '1000', 'ana');
delete from source_cursor;
insert into source_cursor (name, value) values
('odoo/orders', 'odd 0000 d800 001a0000 🏭');
delete from partition;
insert into partition (name, first_day, last_day) values
('below', '0', '2550'),
('p02550', '2550', '2580'),
('p02580', '2580', '2610'),
('p02610', '2610', '2640');
delete from reader;
