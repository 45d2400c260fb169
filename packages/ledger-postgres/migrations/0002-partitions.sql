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
