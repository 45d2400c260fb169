import type { TagChange, TagGap } from "@lineshaft/core";
import { BATCHES_IN_FLIGHT, BATCH_CHANGES } from "../protocol.ts";
import type { Entry, FromChild } from "../protocol.ts";

/** What waits to be taken by the hub: at most `BATCHES_IN_FLIGHT` messages are on their way, the rest stays here. */
export class Outbox {
  readonly #waiting: { entry: Entry; taken: () => void }[] = [];
  readonly #under = new Map<number, { entry: Entry; taken: () => void }>();
  readonly #say: (message: FromChild) => void;
  readonly #most: number;
  #held = 0;
  #batch = 0;
  #wakers: (() => void)[] = [];

  constructor(say: (message: FromChild) => void, mostChanges: number) {
    this.#say = say;
    this.#most = mostChanges;
  }

  /** Resolves when the hub has taken them. Everything leaves in the order of the calls. */
  async changes(changes: readonly TagChange[]): Promise<void> {
    const parts: Promise<void>[] = [];
    for (let at = 0; at < changes.length; at += BATCH_CHANGES)
      parts.push(this.#put({ changes: changes.slice(at, at + BATCH_CHANGES) }));
    await Promise.all(parts);
  }

  async gap(gap: TagGap): Promise<void> {
    await this.#put({ gap });
  }

  /** Resolves when there is room for more. Until then the server is not asked: it keeps what changes in its queues. */
  async room(): Promise<void> {
    while (this.#held >= this.#most) await new Promise<void>((resolve) => this.#wakers.push(resolve));
  }

  taken(batch: number): void {
    const sent = this.#under.get(batch);
    if (sent === undefined) return;
    this.#under.delete(batch);
    this.#held -= sizeOf(sent.entry);
    sent.taken();
    this.#fill();
    for (const wake of this.#wakers.splice(0)) wake();
  }

  #put(entry: Entry): Promise<void> {
    this.#held += sizeOf(entry);
    return new Promise((taken) => {
      this.#waiting.push({ entry, taken });
      this.#fill();
    });
  }

  #fill(): void {
    while (this.#under.size < BATCHES_IN_FLIGHT && this.#waiting.length > 0) {
      const next = this.#waiting.shift() as { entry: Entry; taken: () => void };
      this.#under.set(++this.#batch, next);
      this.#say({ kind: "batch", batch: this.#batch, entry: next.entry });
    }
  }
}

function sizeOf(entry: Entry): number {
  return "changes" in entry ? entry.changes.length : 1;
}
