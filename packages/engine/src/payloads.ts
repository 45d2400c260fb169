import { type Ledger, messageOf } from "@lineshaft/core";
import type { Task } from "./key-lines.ts";
import type { Carried } from "./mapping.ts";

/** Characters of payloads kept for other systems, which mostly get to the same facts at about the same time. */
const KEPT_CHARS = 2 * 1024 * 1024;

const KNOWN = Promise.resolve();

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
    const missing = new Map<Loaded, Kept>();
    const reading = Promise.withResolvers<void>();
    const found = tasks.map((task) => {
      const message = messageOf(task.id);
      let kept = task.edited ? undefined : this.#kept.get(message);
      if (kept === undefined) {
        kept = { carried: undefined, chars: 0, reading: reading.promise };
        missing.set(task, kept);
        if (!task.edited) this.#kept.set(message, kept);
      }
      return kept;
    });
    if (missing.size > 0) this.#read(missing).then(reading.resolve, reading.reject);
    for (const pending of new Set(found.map((kept) => kept.reading))) await pending;
    for (const [at, task] of tasks.entries()) task.carried = found[at]?.carried;
  }

  /** What was just accepted here, and will be told by the ledger among what others accepted. */
  keep(carried: Carried, chars: number): void {
    if (this.#kept.has(carried.message)) return;
    this.#kept.set(carried.message, { carried, chars, reading: KNOWN });
    this.#chars += chars;
    this.#forgetOldest();
  }

  async #read(missing: ReadonlyMap<Loaded, Kept>): Promise<void> {
    try {
      const found = await this.#ledger.payloads([...missing.keys()]);
      for (const [{ id }, kept] of missing) {
        const stored = found.get(id);
        if (stored === undefined) continue;
        const { canonical, ...carried } = stored;
        kept.carried = { ...carried, payload: JSON.parse(canonical) as unknown };
        kept.chars = canonical.length;
        this.#chars += canonical.length;
      }
    } finally {
      this.#forget(missing);
    }
  }

  /** What was not found, what belongs to one delivery only, and the oldest beyond the limit. */
  #forget(read: ReadonlyMap<Loaded, Kept>): void {
    for (const [{ id }, kept] of read) {
      const message = messageOf(id);
      if (this.#kept.get(message) !== kept) this.#chars -= kept.chars;
      else if (kept.carried === undefined) this.#kept.delete(message);
    }
    this.#forgetOldest();
  }

  #forgetOldest(): void {
    for (const [message, kept] of this.#kept) {
      if (this.#chars <= KEPT_CHARS) return;
      this.#kept.delete(message);
      this.#chars -= kept.chars;
    }
  }
}
