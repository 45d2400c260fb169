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
