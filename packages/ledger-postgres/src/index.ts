import { type Clock, type Ledger, Secret } from "@lineshaft/core";
import { locationOf } from "./connections.ts";
import { type PostgresLedgerOptions, openPostgresLedger } from "./open.ts";

export { openPostgresLedger } from "./open.ts";
export type { PostgresLedgerOptions, PostgresLedgerStats } from "./open.ts";
export { migratePostgres } from "./migrate.ts";
export type { MigrateOptions, Migrated, PostgresRoles } from "./migrate.ts";
export { adoptPostgres } from "./adopt.ts";
export type { AdoptOptions, AdoptReport } from "./adopt.ts";
export { copyIntoPostgres } from "./copy-in.ts";
export type { CopyOptions, CopyReport } from "./copy-in.ts";
export { retainPostgres } from "./retain.ts";
export { planRetention } from "./retention-plan.ts";
export type { RetainOptions, Retained } from "./retain.ts";
export type { WriterStats } from "./writer.ts";

/** The ledger of many hubs, for a hub's definition: `ledger: postgres({ url: Secret.env("LEDGER_URL") })`. */
export function postgres(options: Omit<PostgresLedgerOptions, "readOnly" | "serverClock">) {
  const { url } = options;
  return {
    engine: "postgres",
    /** A secret is not read before it is needed. */
    location: url instanceof Secret ? url.reference : locationOf(url),
    schema: options.schema ?? "lineshaft",
    /** All hubs go by the server's clock; `clock` is not looked at. */
    open: ({ readOnly = false }: { readOnly?: boolean; clock?: Clock } = {}): Promise<Ledger> =>
      openPostgresLedger({ ...options, readOnly }),
  };
}
