import { openSqliteLedger } from "./open.ts";
import { type Clock, type Ledger, systemClock } from "@lineshaft/core";

export { openSqliteLedger } from "./open.ts";
export { ProcessLock } from "./process-lock.ts";
export type { SqliteLedgerOptions } from "./open.ts";
export { backupSqliteLedger } from "./backup.ts";
export type { BackupOptions, BackupReport } from "./backup.ts";
export { readSqliteLedger } from "./content.ts";
export type { SqliteContent } from "./content.ts";
export { migrateSqliteLedger } from "./open.ts";
export { restoreSqliteLedger } from "./restore.ts";
export type { RestoreOptions, RestoreReport } from "./restore.ts";

/** The embedded ledger, for a hub's definition: `ledger: sqlite({ path: ".lineshaft/ledger.db" })`. */
export function sqlite({ path, maxBytes }: { path: string; maxBytes?: number }) {
  return {
    engine: "sqlite",
    location: path,
    open: ({ readOnly = false, clock = systemClock }: { readOnly?: boolean; clock?: Clock } = {}): Promise<Ledger> =>
      openSqliteLedger({ path, readOnly, clock, ...(maxBytes === undefined ? {} : { maxBytes }) }),
  };
}
