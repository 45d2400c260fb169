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
