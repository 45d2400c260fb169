import type { Step } from "./table.ts";
import { odooStamp } from "./times.ts";

/** One database transaction: everything changed in it can be undone, wholly or back to a mark. */
export class Transaction {
  /** When it began: the write_date of everything it touches, however late it commits. */
  readonly startedMs: number;
  readonly stamp: string;
  /** How many commits there had been when it began. */
  readonly snapshot: number;
  /** Called once everything stands, in order. */
  readonly afterCommit: (() => void)[] = [];
  /** Changes an automation is to note, by record and event. Those of a rolled back savepoint may linger: a harmless hint too many. */
  readonly noted = new Map<string, { model: string; id: number; event: string }>();
  #log: Step[] = [];

  constructor(startedMs: number, order: number, snapshot: number) {
    this.startedMs = startedMs;
    this.stamp = odooStamp(startedMs, order);
    this.snapshot = snapshot;
  }

  undo(step: Step): void {
    this.#log.push(step);
  }

  /** A savepoint: hand it to `rollbackTo`. */
  mark(): number {
    return this.#log.length;
  }

  rollbackTo(mark: number): void {
    for (let at = this.#log.length - 1; at >= mark; at--) this.#log[at]!();
    this.#log.length = mark;
  }

  rollback(): void {
    this.rollbackTo(0);
    this.afterCommit.length = 0;
  }

  /** True when nothing was changed. */
  get clean(): boolean {
    return this.#log.length === 0;
  }

  /** The changes, for a reader that is to see the time before them. */
  get log(): readonly Step[] {
    return this.#log;
  }
}

/** Runs `read` as if `log` had not happened yet, then puts everything back. */
export function beforeChanges<T>(log: readonly Step[], read: () => T): T {
  const again: Step[] = [];
  for (let at = log.length - 1; at >= 0; at--) again.push(log[at]!());
  try {
    return read();
  } finally {
    for (let at = again.length - 1; at >= 0; at--) again[at]!();
  }
}
