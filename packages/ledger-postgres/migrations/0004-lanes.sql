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
