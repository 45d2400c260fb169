-- oldest code: 6
-- What a person says a system calls a thing: it replaces what the person saw there, and the audit trail says so, together
-- or not at all.
create function act_on_identity_v1(
  p_session text,
  p_token bigint,
  p_at bigint,
  p_clock bigint,
  p_identity json,
  p_before text,
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
  stands text;
begin
  h := lock_head();
  known := stored_result(p_session, p_token);
  if known is not null then return known; end if;
  select i.external into stands from identity i
  where i.kind = p_identity ->> 'kind' and i.object = p_identity ->> 'object' and i.system = p_identity ->> 'system';
  if stands is distinct from p_before then raise exception 'moved' using errcode = 'LS409'; end if;
  perform learn_identities_v1(json_build_array(p_identity));
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
