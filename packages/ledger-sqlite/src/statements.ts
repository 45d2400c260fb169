/** The statements of the hot path, each with a line in query-plan.test.ts. */
export const hot = {
  insertMessage: `
    insert into message
      (source, source_id, contract, object, key, version, event_time, received_time, link, digest, origin, trace, canonical, received)
    values (?, ?, ?, ?, ?, ?, ?, ?, ?, unhex(?), ?, ?, ?, ?)
    on conflict (source, source_id) do nothing`,
  insertDelivery: `
    insert into delivery (id, route, system, state, open, since, due_at)
    values (?, ?, ?, ?, ?, ?, 0)`,
  /** The two steps that nearly every delivery takes, all of a commit in one statement: half the cost of one by one. */
  beginAll: `
    update delivery set state = 'sending', since = b.value ->> 1
    from json_each(?) b
    where delivery.id = b.value ->> 0 and delivery.state = 'pending'`,
  finishAll: `
    update delivery
    set state = 'done', open = 0, since = f.value ->> 1, due_at = 0, attempts = attempts + 1, receipt = f.value ->> 2
    from json_each(?) f
    where delivery.id = f.value ->> 0 and delivery.state = f.value ->> 3`,
  step: `
    update delivery
    set state = ?, open = ?, since = ?, due_at = ?, attempts = attempts + ?, tries = coalesce(?, tries),
        crashes = coalesce(?, crashes), receipt = coalesce(?, receipt), parking = ?
    where id = ? and state = ?`,
  insertAttempt: `
    insert into attempt (delivery, kind, started_at, ended_at, outcome, link, receipt, message, request, response)
    values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  openDeliveries: `
    select d.id, d.route, m.key, d.state, d.due_at, d.since, d.attempts, d.tries, d.crashes,
      d.edited is not null as edited
    from delivery d join message m on m.id = d.id / 4096
    where d.system = ? and d.id > ? and d.open = 1
    order by d.id
    limit ?`,
  openOfKey: `
    select d.id, d.route, m.key, d.state, d.due_at, d.since, d.attempts, d.tries, d.crashes,
      d.edited is not null as edited
    from message m cross join delivery d on d.id between m.id * 4096 and m.id * 4096 + 4095
    where m.key = ? and m.id >= ? and d.id > ? and d.system = ?
      and d.open = 1
    order by m.id, d.id
    limit ?`,
  inHand: `
    select d.id, d.route, m.key, d.state, d.due_at, d.since, d.attempts, d.tries, d.crashes,
      d.edited is not null as edited, s.name as system
    from system s
      cross join delivery d on d.system = s.id and d.open = 1
      join message m on m.id = d.id / 4096
    where d.state in ('sending', 'checking')`,
  /** All of a batch at once, in less than half the time of one by one. */
  payloads: `
    select d.id as delivery, m.id as message, m.source, m.source_id, m.contract, m.object, m.key, m.event_time, m.received_time, m.trace,
      coalesce(d.edited, m.canonical, cast(m.received as text)) as canonical
    from json_each(?) wanted
      cross join delivery d on d.id = wanted.value
      join message m on m.id = d.id / 4096`,
  messageOfSource: `
    select id, lower(hex(digest)) as digest from message
    where source = ? and source_id = ?`,
  latestVersion: `
    select version, message from latest
    where contract = ? and object = ? and source = ?`,
  latestPayload: `
    select coalesce(m.canonical, cast(m.received as text)) as found
    from latest l join message m on m.id = l.message
    where l.contract = ?1 and l.object = ?2 and (?3 is null or l.source in (select value from json_each(?3)))
    order by l.message desc
    limit 1`,
  setLatest: `
    insert into latest (contract, object, source, version, message)
    values (?, ?, ?, ?, ?)
    on conflict do update set version = excluded.version, message = excluded.message`,
  /** A newer version of the same object makes what is still unsent of the older one moot, on the same route only. */
  supersede: `
    update delivery set state = 'superseded', open = 0, since = ?, due_at = 0
    where id = ? and state = 'pending'`,
  saveCursor: `
    insert into source_cursor (name, value)
    values (?, ?)
    on conflict do update set value = excluded.value`,
  /** A place that says from which one it moves on. */
  moveCursor: `
    insert into source_cursor (name, value)
    select ?, ?
    where ? = coalesce((select value from source_cursor where name = ?), '')
    on conflict do update set value = excluded.value`,
  lastLink: `
    select id, lower(hex(hash)) as hash from link
    order by id desc
    limit 1`,
  insertLink: `
    insert into link (id, at, rows, hash)
    values (?, ?, ?, unhex(?))`,
  count: `
    insert into counter (name, count)
    values (?, ?)
    on conflict do update set count = count + excluded.count`,
  insertDuplicate: `
    insert into duplicate (message, received_time, differs, received, link)
    values (?, ?, ?, ?, ?)`,
  insertRefusal: `
    insert into refusal (source, source_id, contract, received_time, received, received_bytes, findings, origin, link)
    values (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  newestMessage: `select max(id) as id from message`,
  fences: `select lane, fence from lane order by lane`,
} as const;
