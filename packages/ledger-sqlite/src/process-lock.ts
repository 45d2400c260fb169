import { DatabaseSync } from "node:sqlite";
import { LineshaftError } from "@lineshaft/core";

/**
 * Says that one process works on a ledger, for as long as that process lives: an exclusive transaction on a file of its
 * own, which the operating system ends with the process however it ends. No lease to wait out after a kill -9.
 */
export class ProcessLock {
  readonly #path: string;
  #db: DatabaseSync | undefined;

  constructor(ledgerPath: string) {
    this.#path = `${ledgerPath}.lock`;
  }

  /** @throws LineshaftError `ledger-busy` when another process holds it */
  take(): void {
    if (this.#db !== undefined) return;
    const db = new DatabaseSync(this.#path, { timeout: 0 });
    try {
      db.exec("pragma journal_mode = memory; begin exclusive");
    } catch (cause) {
      db.close();
      throw new LineshaftError("ledger-busy", `Another hub works on the ledger that ${this.#path} guards.`, {
        next: "Stop that hub first, or give this one a ledger of its own.",
        cause,
      });
    }
    this.#db = db;
  }

  release(): void {
    this.#db?.close();
    this.#db = undefined;
  }
}
