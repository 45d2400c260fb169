import { readFileSync, readdirSync } from "node:fs";
import type { PostgresServer } from "@lineshaft/testing/postgres";

const migrations = new URL("../../migrations/", import.meta.url);

/**
 * A ledger as SQL: the migrations that made it, word for word, then its partitions and its rows. A dump of a release that
 * was shipped is never written anew.
 */
export async function dumpLedger(server: PostgresServer, url: string): Promise<string> {
  const sql = (text: string) => server.sql(`set search_path to lineshaft; ${text}`, url);
  const names = readdirSync(migrations)
    .filter((name) => name.endsWith(".sql"))
    .sort();
  const partitions = await sql(
    `select format('select add_partition(%L, %L, %L);', p.relname, c.relname, lower(pg_get_expr(c.relpartbound, c.oid))) as line
     from pg_inherits i join pg_class c on c.oid = i.inhrelid join pg_class p on p.oid = i.inhparent
     where p.relkind = 'p' and p.relnamespace = 'lineshaft'::regnamespace order by c.relname`,
  );
  const tables = await sql(
    `select c.relname as name, string_agg(quote_ident(a.attname), ', ' order by attnum) as columns,
       string_agg(format('quote_nullable(%I::text)', a.attname), ', ' order by attnum) as quoted
     from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     where c.relnamespace = 'lineshaft'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
     group by c.oid, c.relname order by c.oid`,
  );
  const rows: string[] = [];
  for (const { name, columns, quoted } of tables as { name: string; columns: string; quoted: string }[]) {
    const found = await sql(`select '(' || concat_ws(', ', ${quoted}) || ')' as row from ${name} order by 1`);
    rows.push(`delete from ${name};`);
    if (found.length > 0)
      rows.push(`insert into ${name} (${columns}) values\n${found.map((r) => String(r["row"])).join(",\n")};`);
  }
  const [migration] = await sql(
    `select string_agg(format('%I %s', attname, format_type(atttypid, atttypmod)), ', ' order by attnum) as columns
     from pg_attribute where attrelid = 'migration'::regclass and attnum > 0`,
  );
  return [
    "-- A ledger, as the release named by this file wrote it. Do not change it: the next release has to read it.",
    "set standard_conforming_strings = on;",
    "create schema lineshaft;",
    "set search_path to lineshaft, pg_temp;",
    `create table migration (${String(migration?.["columns"])}, primary key (number));`,
    "alter table migration alter at set default now();",
    ...names.map((name) => `-- ${name}\n${readFileSync(new URL(name, migrations), "utf8")}`),
    ...partitions.map((row) => String(row["line"])),
    ...rows.map((text) => (text === "delete from migration;" ? "" : text)),
    "",
  ]
    .filter((text) => text !== "")
    .join("\n")
    .concat("\n");
}
