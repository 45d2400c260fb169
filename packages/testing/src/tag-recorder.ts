import type { TagChange, TagGap, TagObserver } from "@lineshaft/core";

/** Keeps what a source of tags says. */
export class TagRecorder implements TagObserver {
  readonly all: TagChange[] = [];
  /** As they were handed over, taken or not yet. */
  readonly batches: (readonly TagChange[])[] = [];
  readonly gaps: TagGap[] = [];
  listened = 0;
  /** Waited for before changes are taken. */
  hold: Promise<void> | undefined;
  /** Thrown instead of taking changes. */
  failure: Error | undefined;
  readonly #newest: ReadonlyMap<string, number>;

  /** `newest`: what an earlier run took. */
  constructor(newest: ReadonlyMap<string, number> = new Map()) {
    this.#newest = newest;
  }

  async changes(changes: readonly TagChange[]): Promise<void> {
    this.batches.push(changes);
    await this.hold;
    if (this.failure !== undefined) throw this.failure;
    this.all.push(...changes);
  }

  async gap(gap: TagGap): Promise<void> {
    this.gaps.push(gap);
  }

  newest(): ReadonlyMap<string, number> {
    return this.#newest;
  }

  listening(): void {
    this.listened++;
  }

  of(tag: string): TagChange[] {
    return this.all.filter((change) => change.tag === tag);
  }

  /** What a tag is now, as far as this was told. */
  last(tag: string): TagChange | undefined {
    return this.all.findLast((change) => change.tag === tag && !change.historical);
  }

  valuesOf(tag: string): unknown[] {
    return this.of(tag).map((change) => change.value);
  }

  /** The good values of a tag by their source times, each time once. */
  goodValues(tag: string): unknown[] {
    const good = this.of(tag).filter((change) => change.quality === "good");
    const byTime = new Map(good.map((change) => [change.sourceTime, change.value]));
    return [...byTime].sort(([a], [b]) => a - b).map(([, value]) => value);
  }
}
