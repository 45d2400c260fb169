import type { FactsFromTags, Source, TagChange, TagGap, TagObserver } from "@lineshaft/core";

/** Counts changes of tags that count by themselves: each value has to be its tag's last one plus one. */
export class CountingTags implements TagObserver {
  /** Changes after the births. */
  received = 0;
  /** Counts that were left out, or came twice, and gaps. */
  wrong = 0;
  readonly latenciesMs: number[] = [];
  readonly ready = Promise.withResolvers<void>();
  readonly #counts = new Map<string, number>();

  get tags(): number {
    return this.#counts.size;
  }

  changes(changes: readonly TagChange[]): Promise<void> {
    for (const change of changes) this.#count(change);
    return Promise.resolve();
  }

  gap(_gap: TagGap): Promise<void> {
    this.wrong++;
    return Promise.resolve();
  }

  listening(): void {
    this.ready.resolve();
  }

  readonly facts: FactsFromTags = (tags): Source => ({ run: (_intake, signal) => tags.run(this, signal) });

  #count({ tag, value, quality, sourceTime, receivedTime }: TagChange): void {
    const before = this.#counts.get(tag);
    const count = Number(value);
    this.#counts.set(tag, count);
    if (before === undefined) return;
    this.received++;
    if (quality !== "good" || count !== before + 1) this.wrong++;
    this.latenciesMs.push(receivedTime - sourceTime);
  }
}
