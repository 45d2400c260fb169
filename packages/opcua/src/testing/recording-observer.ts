import type { TagChange, TagGap, TagObserver } from "@lineshaft/core";

/** Keeps what a source of tags said. */
export class RecordingObserver implements TagObserver {
  readonly all: TagChange[] = [];
  readonly gaps: TagGap[] = [];
  listens = 0;
  /** Changes are taken only while this is not set. */
  hold: Promise<void> | undefined;
  readonly #newest: ReadonlyMap<string, number>;

  constructor(newest: ReadonlyMap<string, number> = new Map()) {
    this.#newest = newest;
  }

  newest(): ReadonlyMap<string, number> {
    return this.#newest;
  }

  async changes(changes: readonly TagChange[]): Promise<void> {
    await this.hold;
    this.all.push(...changes);
  }

  async gap(gap: TagGap): Promise<void> {
    this.gaps.push(gap);
  }

  listening(): void {
    this.listens++;
  }

  of(tag: string): TagChange[] {
    return this.all.filter((change) => change.tag === tag);
  }

  last(tag: string): TagChange | undefined {
    return this.all.findLast((change) => change.tag === tag && !change.historical);
  }

  /** The good values of a tag by their source times, each time once. */
  goodValues(tag: string): unknown[] {
    const good = this.of(tag).filter((change) => change.quality === "good");
    const byTime = new Map(good.map((change) => [change.sourceTime, change.value]));
    return [...byTime].sort(([a], [b]) => a - b).map(([, value]) => value);
  }
}
