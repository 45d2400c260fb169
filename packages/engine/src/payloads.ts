import { type Ledger, messageOf } from "@lineshaft/core";
import type { Task } from "./key-lines.ts";
import type { Carried } from "./mapping.ts";

/** Characters of payloads kept for other systems, which mostly get to the same facts at about the same time. */
const KEPT_CHARS = 2 * 1024 * 1024;

type Loaded = Pick<Task, "id" | "edited" | "carried">;

interface Kept {
  carried: Carried | undefined;
  chars: number;
  reading: Promise<void>;
}

/** Payloads of deliveries that are in the ledger only. A message's is read and parsed once for all its systems. */
export class Payloads {
  readonly #ledger: Ledger;
  /** By message, the oldest first. What a person edited for one delivery is never among them. */
  readonly #kept = new Map<number, Kept>();
  #chars = 0;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /** Gives each task what it carries; one whose delivery the ledger does not have is left without. */
  async load(tasks: readonly Loaded[]): Promise<void> {
    const missing = new Map<number, Kept>();
    const reading = Promise.withResolvers<void>();
    const found = tasks.map((task) => {
      const message = messageOf(task.id);
      let kept = task.edited ? undefined : this.#kept.get(message);
      if (kept === undefined) {
        kept = { carried: undefined, chars: 0, reading: reading.promise };
        missing.set(task.id, kept);
        if (!task.edited) this.#kept.set(message, kept);
      }
      return kept;
    });
    if (missing.size > 0) this.#read(missing).then(reading.resolve, reading.reject);
    for (const pending of new Set(found.map((kept) => kept.reading))) await pending;
    for (const [at, task] of tasks.entries()) task.carried = found[at]?.carried;
  }

  async #read(missing: ReadonlyMap<number, Kept>): Promise<void> {
    try {
      for (const [delivery, { canonical, ...carried }] of await this.#ledger.payloads([...missing.keys()])) {
        const kept = missing.get(delivery);
        if (kept === undefined) continue;
        kept.carried = { ...carried, payload: JSON.parse(canonical) as unknown };
        kept.chars = canonical.length;
        this.#chars += canonical.length;
      }
    } finally {
      this.#forget(missing);
    }
  }

  /** What was not found, what belongs to one delivery only, and the oldest beyond the limit. */
  #forget(read: ReadonlyMap<number, Kept>): void {
    for (const [delivery, kept] of read) {
      const message = messageOf(delivery);
      if (this.#kept.get(message) !== kept) this.#chars -= kept.chars;
      else if (kept.carried === undefined) this.#kept.delete(message);
    }
    for (const [message, kept] of this.#kept) {
      if (this.#chars <= KEPT_CHARS) return;
      this.#kept.delete(message);
      this.#chars -= kept.chars;
    }
  }
}
