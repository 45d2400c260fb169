import type { LedgerDefinition } from "@lineshaft/engine";
import { withCommit } from "../ledger-wrap.ts";

const TICK_MS = 20;

/**
 * When this process was awake for sure. The engine looks at its lease right before a request leaves, and then nothing is
 * waited for until the connector has it; a process that is suspended within these microseconds sends late, and no hub can
 * know. A connector that dates its requests by this lets the other side turn such a one away as too old. What comes out of a
 * commit that is answered after the suspension is dated afresh: that request must be held back by the lease.
 */
export class Awake {
  #at = Date.now();
  readonly #timer = setInterval(() => (this.#at = Date.now()), TICK_MS).unref();

  readonly at = (): number => this.#at;

  ledger(definition: LedgerDefinition): LedgerDefinition {
    return withCommit(definition, (commit) => async (group) => {
      const result = await commit(group);
      this.#at = Date.now();
      this.#timer.refresh();
      return result;
    });
  }
}
