import { openSqliteLedger } from "./open.ts";
import type { Ledger } from "@lineshaft/core";

export { openSqliteLedger } from "./open.ts";
export type { SqliteLedgerOptions } from "./open.ts";

/** The embedded ledger, for a hub's definition: `ledger: sqlite({ path: ".lineshaft/ledger.db" })`. */
export function sqlite({ path, maxBytes }: { path: string; maxBytes?: number }) {
  return {
    engine: "sqlite",
    location: path,
    open: ({ readOnly = false }: { readOnly?: boolean } = {}): Promise<Ledger> =>
      openSqliteLedger({ path, readOnly, ...(maxBytes === undefined ? {} : { maxBytes }) }),
  };
}
