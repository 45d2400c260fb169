import { pause } from "../../pause.ts";
import type { Database } from "./database.ts";

/** Share of writes that meet a serialization failure while there are some. */
const FAILING = 0.2;

export type Meddling = (database: Database, random: () => number) => Promise<void>;

/** What a careless neighbour on the same server does. Any of it may fail: the server itself may be away. */
export const meddlings: Readonly<Record<string, Meddling>> = {
  "end sessions": (database, random) => database.sql(endSessions(random())).then(() => undefined),
  "lock lanes first": lockLanesFirst,
  "lock deliveries first": lockDeliveriesFirst,
  "fail serializations": (database, random) => failSerializations(database, 300 + random() * 2_000),
};

/** Sessions of hubs, some or all. */
function endSessions(share: number): string {
  return `
    select pg_terminate_backend(pid) from pg_stat_activity
    where application_name = 'lineshaft' and random() < ${share.toFixed(2)}`;
}

/** The other way round than a commit, which takes the head of the ledger first: one of the two is a deadlock's victim. */
async function lockLanesFirst(database: Database, random: () => number): Promise<void> {
  await database.sql(`
    begin;
    select from lineshaft.lane where lane < ${Math.floor(random() * 64)} order by lane desc for update;
    select pg_sleep(${(random() * 0.4).toFixed(2)});
    select from lineshaft.head for update;
    select pg_sleep(${(random() * 0.4).toFixed(2)});
    rollback;`);
}

async function lockDeliveriesFirst(database: Database, random: () => number): Promise<void> {
  await database.sql(`
    begin;
    select from lineshaft.delivery where open order by id desc limit 20 for update;
    select pg_sleep(${(random() * 0.4).toFixed(2)});
    select from lineshaft.head for update;
    select pg_sleep(${(random() * 0.4).toFixed(2)});
    rollback;`);
}

/** PostgreSQL makes few of them at this isolation level by itself. */
async function failSerializations(database: Database, ms: number): Promise<void> {
  await database.sql(`
    create or replace function public.meddle() returns trigger language plpgsql as $$
    begin
      if random() < ${FAILING} then raise exception 'meddled with' using errcode = '40001'; end if;
      return new;
    end $$;
    create or replace trigger meddle before update on lineshaft.head for each row execute function public.meddle();`);
  await pause(ms);
  await leaveAlone(database);
}

/** Takes away what was put there. */
export async function leaveAlone(database: Database): Promise<void> {
  await database.sql("drop trigger if exists meddle on lineshaft.head");
}
