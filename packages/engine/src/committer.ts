import {
  type Clock,
  type CommitResult,
  type Ledger,
  LineshaftError,
  type NewMessage,
  type NewRefusal,
  type Recorded,
  type Settlement,
  type Timer,
} from "@lineshaft/core";

/** Most messages, and most settlements, in one commit. */
const GROUP_ROWS = 2_000;
/** Commits under way at once: while the ledger writes one, the next is on its way to it. */
const COMMITS_UNDER_WAY = 2;
/** Rows that make a second commit worth its sync before the first one is through. */
const WORTH_A_COMMIT = 100;
/** Where commits of several workers stand in each other's way: how long a worker gathers after each of its own, in ms. */
const GATHER_MS = 20;
/** Rows that end such gathering early. Few large commits cost the ledger much less than many small ones. */
const GATHERED_ROWS = 1_000;
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
  readonly #overtaken: () => void;
  /** The newest message that this worker accepted or was told to read up to. */
  #newest = 0;
  readonly #messages: Waiting<NewMessage, Recorded>[] = [];
  readonly #refusals: Waiting<NewRefusal, number>[] = [];
  #settlements: { settlement: Settlement; settled: Settled }[] = [];
  #bytes = 0;
  #woken = false;
  #underWay = 0;
  /** The last commit stood behind those of other workers. */
  #contended = false;
  #gathering: Timer | undefined;
  /** Waiting after a failure, before outcomes are stored again. */
  #pausing = false;
  /** Raised with each failure: the ledger turns away what was sent before the failure was known. */
  #epoch = 0;
  #idle: (() => void)[] = [];
  /** Why the last commit failed; undefined once one succeeds. */
  problem: LineshaftError | undefined;
  commits = 0;

  /** `overtaken`: other workers accepted facts between this one's, so their deliveries have to be read before those of what was just accepted. */
  constructor(ledger: Ledger, clock: Clock, overtaken: () => void) {
    this.#ledger = ledger;
    this.#clock = clock;
    this.#overtaken = overtaken;
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
    if (this.#underWay === 0 && this.#empty) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  get #empty(): boolean {
    return this.#rows === 0;
  }

  get #rows(): number {
    return this.#messages.length + this.#refusals.length + this.#settlements.length;
  }

  #wake(): void {
    if (this.#woken) return;
    this.#woken = true;
    // After this turn's input, so that all of it shares a commit.
    setImmediate(() => {
      this.#woken = false;
      this.#send();
    });
  }

  #send(): void {
    if (this.#empty && this.#underWay === 0) for (const resolve of this.#idle.splice(0)) resolve();
    if (this.#empty || this.#pausing || this.#underWay >= COMMITS_UNDER_WAY) return;
    if (this.#underWay > 0 && (this.#contended || this.#rows < WORTH_A_COMMIT)) return;
    if (this.#gathering !== undefined && this.#rows < GATHERED_ROWS) return;
    this.#underWay++;
    void this.#commitGroup().finally(() => {
      this.#underWay--;
      this.#wake();
    });
    if (!this.#empty) this.#wake();
  }

  async #commitGroup(): Promise<void> {
    const messages = this.#messages.splice(0, GROUP_ROWS);
    const refusals = this.#refusals.splice(0, GROUP_ROWS);
    const settlements = this.#settlements.splice(0, GROUP_ROWS);
    for (const { value } of messages) this.#bytes -= value.received.length;
    for (const { value } of refusals) this.#bytes -= value.received.length;
    const epoch = this.#epoch;
    let result: CommitResult;
    try {
      result = await this.#ledger.commit({
        at: this.#clock.now(),
        epoch,
        messages: messages.map((w) => w.value),
        refusals: refusals.map((w) => w.value),
        settlements: settlements.map((w) => w.settlement),
      });
    } catch (error) {
      this.#failed(epoch, error, [...messages, ...refusals]);
      this.#settlements = [...settlements, ...this.#settlements];
      return;
    }
    this.problem = undefined;
    this.commits++;
    this.#gather(result.waitedMs);
    this.#compare(result);
    const lost = new Set(result.lost);
    for (const [at, { resolve }] of messages.entries()) resolve(result.messages[at] as Recorded);
    for (const [at, { resolve }] of refusals.entries()) resolve(result.refusals[at] as number);
    for (const { settlement, settled } of settlements) settled(lost.has(settlement.delivery));
  }

  #gather(waitedMs: number): void {
    this.#contended = waitedMs > 0;
    this.#gathering?.cancel();
    this.#gathering = undefined;
    if (!this.#contended) return;
    this.#gathering = this.#clock.after(GATHER_MS, () => {
      this.#gathering = undefined;
      this.#wake();
    });
  }

  #compare({ messages, newestBefore }: CommitResult): void {
    if (messages.length === 0) return;
    if (newestBefore !== this.#newest) this.#overtaken();
    this.#newest = newestBefore;
    for (const recorded of messages) if (recorded.kind === "accepted") this.#newest = recorded.message;
  }

  #failed(epoch: number, error: unknown, group: readonly { reject: (error: unknown) => void }[]): void {
    // Of two commits under way the second is turned away for the first one's sake: the first one's reason counts.
    if (epoch === this.#epoch) this.problem = asLedgerError(error);
    this.#epoch = epoch + 1;
    // Those behind are turned away as well: stored first, they would overtake what their source has to send again.
    const behind = [...this.#messages.splice(0), ...this.#refusals.splice(0)];
    this.#bytes = 0;
    for (const { reject } of [...group, ...behind]) reject(this.problem ?? asLedgerError(error));
    if (this.#pausing) return;
    this.#pausing = true;
    this.#clock.after(RETRY_MS, () => {
      this.#pausing = false;
      this.#wake();
    });
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
