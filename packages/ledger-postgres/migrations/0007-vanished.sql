-- oldest code: 6
-- A lease also tells how many workers went within the last minute without giving their lanes back.
create or replace function lease_of(p_worker text, p_lease_ms bigint, p_now bigint) returns json
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
    'vanished', (select count(*) from worker
                 where not released and lease_until > p_now - 60000 and lease_until <= p_now),
    'leaseMs', p_lease_ms,
    'now', p_now)
$$;
