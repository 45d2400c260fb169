-- oldest code: 6
-- What a person does that is about no delivery: what stands under a name moves from where the person saw it, and the audit
-- trail says so, together or not at all.
create function act_on_cursor_v1(
  p_session text,
  p_token bigint,
  p_at bigint,
  p_clock bigint,
  p_name text,
  p_value text,
  p_after text,
  p_who text,
  p_act text,
  p_why text,
  p_detail text,
  p_tail text
) returns json
language plpgsql security definer
set search_path from current
as $$
declare
  h head;
  known json;
  result json;
begin
  h := lock_head();
  known := stored_result(p_session, p_token);
  if known is not null then return known; end if;
  -- A source saves its place without the lock, so the row itself is compared once more.
  insert into source_cursor as c (name, value)
  select p_name, p_value
  where p_after = coalesce((select s.value from source_cursor s where s.name = p_name), '')
  on conflict (name) do update set value = excluded.value where c.value = p_after;
  if not found then raise exception 'moved' using errcode = 'LS409'; end if;
  h.audit := h.audit + 1;
  insert into audit (id, at, link, who, act, why, detail)
  values (h.audit, p_at, h.link + 1, p_who, p_act, p_why, p_detail);
  h := seal(h, p_at, 1, '["audit",' || h.audit || ',' || p_tail);
  perform save_head(h);
  result := json_build_object('audit', h.audit);
  perform store_result(p_session, p_token, result, clock_ms(p_clock));
  perform tell(p_session, clock_ms(p_clock), 'acts');
  return result;
end $$;
