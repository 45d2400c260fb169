-- oldest code: 6
-- A place may say from which one it moves on. A worker that was paused in the middle of it, and whose work another one did
-- meanwhile, must not put it back.
create or replace function commit_v2(
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
  p_lanes text,
  p_cursors json
) returns json
language plpgsql security definer
set search_path from current
as $$
declare
  began constant timestamptz := clock_timestamp();
  waited bigint := 0;
  known json;
  result json;
begin
  if p_cursors is null then
    return commit_v1(p_session, p_token, p_at, p_clock, p_messages, p_versions, p_payloads, p_digests, p_refusals,
      p_begins, p_settlements, p_lanes);
  end if;
  perform from head where one for update skip locked;
  if not found then
    perform from head where one for update;
    waited := extract(epoch from clock_timestamp() - began) * 1000000;
  end if;
  -- A write that comes again, because its answer was lost, must not put a place back that has moved on since.
  known := stored_result(p_session, p_token);
  if known is not null then return known; end if;
  result := commit_v1(p_session, p_token, p_at, p_clock, p_messages, p_versions, p_payloads, p_digests, p_refusals,
    p_begins, p_settlements, p_lanes);
  insert into source_cursor (name, value)
  select c.name, c.value from json_to_recordset(p_cursors) as c (name text, value text, after text)
  where c.after is null
    or c.after = coalesce((select s.value from source_cursor s where s.name = c.name), '')
  on conflict (name) do update set value = excluded.value;
  return (result::jsonb || jsonb_build_object('waited', waited))::json;
end $$;
