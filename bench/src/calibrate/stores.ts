import { statSync } from "node:fs";
import type { LedgerDefinition } from "@lineshaft/engine";
import { sqlite } from "@lineshaft/ledger-sqlite";
import type { Scratch } from "../scratch.ts";

/** A kind of ledger that can be calibrated. */
export interface Store {
  /** A new ledger that does not exist yet. */
  define(scratch: Scratch, name: string): LedgerDefinition;
  /** What a ledger takes on disk, in bytes, after it was closed. */
  bytes(ledger: LedgerDefinition): Promise<number>;
}

/** By the name of its engine. */
export const stores: Record<string, Store> = {
  sqlite: {
    define: (scratch, name) => sqlite({ path: scratch.path(`${name}.db`) }),
    // The log is written back and removed when the ledger is closed.
    bytes: ({ location }) => Promise.resolve(statSync(location).size),
  },
};
