import {
  type Clock,
  type CommitResult,
  type Ledger,
  LineshaftError,
  type NewMessage,
  type NewRefusal,
  type Recorded,
  type Settlement,
} from "@lineshaft/core";

/** Most messages, and most settlements, in one commit. */
const GROUP_ROWS = 2_000;
/** Wait before a settlement that could not be stored is tried again. */
const RETRY_MS = 500;

interface Waiting<T, R> {
  value: T;
  resolve: (result: R) => void;
  reject: (error: unknown) => void;
}

/** `lost`: the delivery was in another state or the lane is somebody else's; nothing was changed. */
export type Settled = (lost: boolean) => void;

/**
 * Gathers everything that waits to be written and writes it in one commit: while one commit is under way the next group
 * gathers. What came in from outside is told when it cannot be stored; what happened already (an outcome) is kept and
 * tried again until it is stored.
 */
export class Committer {
  readonly #ledger: Ledger;
  readonly #clock: Clock;
  readonly #messages: Waiting<NewMessage, Recorded>[] = [];
  readonly #refusals: Waiting<NewRefusal, number>[] = [];
  #settlements: { settlement: Settlement; settled: Settled }[] = [];
  #bytes = 0;
  #running = false;
  #idle: (() => void)[] = [];
  /** Why the last commit failed; undefined once one succeeds. */
  problem: LineshaftError | undefined;
  commits = 0;

  constructor(ledger: Ledger, clock: Clock) {
    this.#ledger = ledger;
    this.#clock = clock;
  }

  /** Facts that wait for their commit, and their bytes. */
  get waiting(): { facts: number; bytes: number } {
    return { facts: this.#messages.length + this.#refusals.length, bytes: this.#bytes };
  }

  record(message: NewMessage): Promise<Recorded> {
    this.#bytes += message.received.length;
    return new Promise((resolve, reject) => {
      this.#messages.push({ value: message, resolve, reject });
      this.#wake();
    });
  }

  refuse(refusal: NewRefusal): Promise<number> {
    this.#bytes += refusal.received.length;
    return new Promise((resolve, reject) => {
      this.#refusals.push({ value: refusal, resolve, reject });
      this.#wake();
    });
  }

  settle(settlement: Settlement, settled: Settled): void {
    this.#settlements.push({ settlement, settled });
    this.#wake();
  }

  /** Resolves when nothing waits any more. */
  idle(): Promise<void> {
    if (!this.#running && this.#empty) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  get #empty(): boolean {
    return this.#messages.length === 0 && this.#refusals.length === 0 && this.#settlements.length === 0;
  }

  #wake(): void {
    if (this.#running) return;
    this.#running = true;
    // After this turn's input, so that all of it shares a commit.
    setImmediate(() => void this.#run());
  }

  async #run(): Promise<void> {
    while (!this.#empty) {
      const stored = await this.#commitGroup();
      if (!stored) await this.#clock.sleep(RETRY_MS);
      // A turn of the event loop: sockets are read, and the next group gathers.
      else await new Promise((resolve) => setImmediate(resolve));
    }
    this.#running = false;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** False when outcomes have to wait for another try. */
  async #commitGroup(): Promise<boolean> {
    const messages = this.#messages.splice(0, GROUP_ROWS);
    const refusals = this.#refusals.splice(0, GROUP_ROWS);
    const settlements = this.#settlements.splice(0, GROUP_ROWS);
    for (const { value } of messages) this.#bytes -= value.received.length;
    for (const { value } of refusals) this.#bytes -= value.received.length;
    let result: CommitResult;
    try {
      result = await this.#ledger.commit({
        at: this.#clock.now(),
        messages: messages.map((w) => w.value),
        refusals: refusals.map((w) => w.value),
        settlements: settlements.map((w) => w.settlement),
      });
    } catch (error) {
      this.problem = asLedgerError(error);
      // Those behind are turned away as well: stored first, they would overtake what their source has to send again.
      const behind = [...this.#messages.splice(0), ...this.#refusals.splice(0)];
      this.#bytes = 0;
      for (const { reject } of [...messages, ...refusals, ...behind]) reject(this.problem);
      this.#settlements = [...settlements, ...this.#settlements];
      return settlements.length === 0;
    }
    this.problem = undefined;
    this.commits++;
    const lost = new Set(result.lost);
    for (const [at, { resolve }] of messages.entries()) resolve(result.messages[at] as Recorded);
    for (const [at, { resolve }] of refusals.entries()) resolve(result.refusals[at] as number);
    for (const { settlement, settled } of settlements) settled(lost.has(settlement.delivery));
    return true;
  }
}

function asLedgerError(error: unknown): LineshaftError {
  if (error instanceof LineshaftError) return error;
  return new LineshaftError("ledger-io", "The ledger could not store a commit.", {
    next: "Look at the log of the hub. Nothing was acknowledged that is not stored.",
    said: error instanceof Error ? error.message : String(error),
    cause: error,
  });
}
