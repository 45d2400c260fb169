import type { FactsFromTags, TagChange, TagGap, TagObserver } from "@lineshaft/core";

/** Notes what a tag source hands over. */
export class RecordingTags implements TagObserver {
  readonly all: TagChange[] = [];
  readonly gaps: TagGap[] = [];
  /** Sizes of hand-overs. */
  readonly parcels: number[] = [];
  listenings = 0;
  /** While set, what is handed over waits for it. */
  gate: Promise<void> | undefined;

  async changes(changes: readonly TagChange[]): Promise<void> {
    await this.gate;
    this.parcels.push(changes.length);
    this.all.push(...changes);
  }

  async gap(gap: TagGap): Promise<void> {
    await this.gate;
    this.gaps.push(gap);
  }

  listening(): void {
    this.listenings++;
  }

  /** Values of one tag, with their quality when it is not good. */
  of(tag: string): unknown[] {
    return this.all
      .filter((change) => change.tag === tag)
      .map(({ value, quality }) => (quality === "good" ? value : `${value as number} ${quality}`));
  }

  last(tag: string): TagChange | undefined {
    return this.all.findLast((change) => change.tag === tag);
  }

  /** A source that hands tags to this recorder and makes no facts. */
  readonly facts: FactsFromTags = (tags) => ({
    run: (intake, signal) =>
      tags.run(
        {
          changes: (changes) => this.changes(changes),
          gap: (gap) => this.gap(gap),
          listening: () => {
            this.listening();
            intake.listening();
          },
        },
        signal,
      ),
  });
}
