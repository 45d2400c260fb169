/** Every statement of the hot path, each with a line in query-plan.test.ts. `s`: the ledger's schema, quoted. */
export function statements(s: string) {
  return {
    commit: `select ${s}.commit_v2($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) as result`,
    act: `select ${s}.act_v1($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) as result`,
    actOnCursor: `select ${s}.act_on_cursor_v1($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) as result`,
    actOnIdentity: `select ${s}.act_on_identity_v1($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) as result`,
    resolve: `select ${s}.resolve_v1($1, $2) as result`,
    claimLanes: `select ${s}.claim_lanes_v1($1, $2, $3, $4) as lease`,
    renewLanes: `select ${s}.renew_lanes_v1($1, $2, $3, $4) as lease`,
    releaseLanes: `select ${s}.release_lanes_v1($1, $2, $3, $4)`,
    openDeliveries: `
      select d.id, d.route, d.key, d.state, d.due_at, d.since, d.attempts, d.tries, d.crashes,
        d.edited is not null as edited
      from ${s}.delivery d
      where d.system = $1 and d.id > $2 and d.lane = any ($3::smallint[]) and d.open
      order by d.id
      limit $4`,
    /** Messages older than the oldest open delivery of the system are passed over: a key may have a long past. */
    openOfKey: `
      select d.id, d.route, d.key, d.state, d.due_at, d.since, d.attempts, d.tries, d.crashes,
        d.edited is not null as edited
      from ${s}.message m
        join ${s}.delivery d on d.id >= m.id * 4096 and d.id < (m.id + 1) * 4096
      where left(m.key, 200) = left($1::text, 200) and m.key = $1
        and m.id >= greatest($2, (
          select o.id / 4096 from ${s}.delivery o
          where o.system = $4 and o.open and o.id > $3
          order by o.id
          limit 1))
        and d.id > $3 and d.system = $4 and d.open
      order by m.id, d.id
      limit $5`,
    inHand: `
      select d.id, d.route, d.key, d.state, d.due_at, d.since, d.attempts, d.tries, d.crashes,
        d.edited is not null as edited, s.name as system
      from ${s}.system s
        join ${s}.delivery d on d.system = s.id and d.open
      where d.lane = any ($1::smallint[]) and d.state in ('sending', 'checking') and ($2::int is null or s.id = $2)
      order by d.id`,
    /** Partitions outside of the range are left out once, not row by row as in a join. */
    payloads: `
      select m.id as message, m.source, m.source_id, m.contract, m.object, m.key, m.event_time, m.received_time, m.trace,
        m.canonical, case when m.canonical is null then convert_from(m.received, 'UTF8') end as as_received
      from ${s}.message m
      where m.id = any ($1::bigint[]) and m.id between $2 and $3`,
    edits: `
      select d.id, d.edited
      from ${s}.delivery d
      where d.id = any ($1::bigint[]) and d.edited is not null`,
    /** `n`: which of the objects, counted from 1. */
    latestPayloads: `
      select o.n, f.canonical, f.as_received
      from unnest($2::text[]) with ordinality o (object, n)
        cross join lateral (
          select coalesce(l.kept, m.canonical) as canonical,
            case when l.kept is null and m.canonical is null then convert_from(m.received, 'UTF8') end as as_received
          from ${s}.latest l
            left join ${s}.message m on m.id = l.message
          where l.contract = $1 and l.object = o.object and ($3::text[] is null or l.source = any ($3))
          order by l.message desc
          limit 1) f`,
    /** Attempts are as young as their message, or younger: older partitions are not looked into. */
    attempts: `
      select * from ${s}.attempt
      where delivery = $1 and id >= (($1 / 4096) >> 27) << 27
      order by id`,
    identity: `
      select external as found from ${s}.identity
      where kind = $1 and object = $2 and system = $3`,
    objectOf: `
      select object as found from ${s}.identity
      where kind = $1 and system = $2 and external = $3`,
    loadCursor: `
      select value as found from ${s}.source_cursor
      where name = $1`,
    newest: `
      select h.message, h.audit, (
          select count(*) from ${s}.worker w
          where not w.released
            and w.lease_until > coalesce($1, floor(extract(epoch from clock_timestamp()) * 1000)::bigint)) as workers
      from ${s}.head h`,
    totals: `select messages, duplicates, refusals, attempts, link as commits from ${s}.head`,
  } as const;
}

export type Statements = ReturnType<typeof statements>;

/** For names that are put into SQL. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
