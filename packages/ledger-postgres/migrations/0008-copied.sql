-- oldest code: 6
-- Facts of a ledger that was copied from elsewhere keep their numbers, which say nothing of their time: they count as
-- received on the day of the copy.
create or replace function forget_v1(p_clock bigint, p_keep_days integer, p_limit integer) returns bigint
language plpgsql security definer
set search_path from current
as $$
declare
  last_day constant bigint := greatest(0, clock_ms(p_clock) / 86400000 - 18262 - p_keep_days);
  copied_day constant bigint := (select value::bigint from setting where name = 'copied_day');
  -- Numbers up to this one are of the copy, as long as that is too young.
  kept constant bigint := case when copied_day >= last_day then
    (select value::bigint from setting where name = 'copied_numbers') end;
  n bigint;
begin
  delete from seen where ctid = any (array(
    select ctid from seen
    where message < last_day << 27 and message > coalesce(kept, 0)
    limit p_limit));
  get diagnostics n = row_count;
  return n;
end $$;
