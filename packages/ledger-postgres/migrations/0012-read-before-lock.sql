-- oldest code: 6
-- A commit reads what it was handed before it asks for the lock: only one commit at a time holds it, and others of other
-- workers read theirs meanwhile.
create type message_row as (
  n integer, source text, source_id text, seen_id text, contract text, object text, key text, version text,
  event_time bigint, received_time bigint, origin text, trace text, canonical text, start integer, bytes integer,
  lane smallint, routes smallint[], tail text
);

create type begin_row as (d bigint, l smallint, f bigint, a bigint);

create type settlement_row as (
  n integer, delivery bigint, lane smallint, fence bigint, was state, becomes state, at bigint, due_at bigint,
  tries integer, crashes integer, parking text, kind text, started_at bigint, ended_at bigint, outcome text,
  receipt text, message text, request text, response text, tail text
);

create or replace function commit_v1(
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
  messages constant message_row[] := array(
    select r from json_populate_recordset(null::message_row, p_messages) r);
  begins constant begin_row[] := array(
    select r from json_populate_recordset(null::begin_row, p_begins) r);
  settlements constant settlement_row[] := array(
    select r from json_populate_recordset(null::settlement_row, p_settlements) r);
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

  if cardinality(messages) > 0 then
    message_base := greatest(h.message, h.day::bigint << 27);
    with m as materialized (
      select * from unnest(messages)
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

    if n < cardinality(messages) then
      with m as (
        select m.*, substr(p_digests, m.n * 32 - 31, 32) as digest
        from unnest(messages) m
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
  if cardinality(begins) > 0 then
    with b as materialized (
      select * from unnest(begins)
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

  if cardinality(settlements) > 0 then
    attempt_base := greatest(h.attempt, h.day::bigint << 27);
    with s as materialized (
      select * from unnest(settlements)
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
