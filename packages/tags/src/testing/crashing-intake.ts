import type { Fact, Receipt, TagChange, TagGap } from "@lineshaft/core";
import { contracts } from "@lineshaft/model";
import { RecordingIntake } from "@lineshaft/testing";
import type { Line } from "../index.ts";
import { hour, start } from "./press-line.ts";

/** An intake that fails once, before or after its n-th save or record: as a process that is killed there. */
export class CrashingIntake extends RecordingIntake {
  crashed = false;
  #left: number;

  constructor(steps: number) {
    super({ contracts, now: () => start + 400 * 24 * hour });
    this.#left = steps;
  }

  override async record(fact: Fact): Promise<Receipt> {
    this.#step();
    const receipt = await super.record(fact);
    this.#step();
    return receipt;
  }

  override async saveCursor(name: string, value: string): Promise<void> {
    this.#step();
    await super.saveCursor(name, value);
    this.#step();
  }

  #step(): void {
    if (this.#left-- !== 0) return;
    this.crashed = true;
    throw new Error("killed");
  }
}

/** Runs the line's source over batches, each handed over when the one before was taken, until all are taken. */
export async function feed(
  line: Line,
  intake: RecordingIntake,
  batches: readonly (readonly TagChange[] | TagGap)[],
  taken: () => void = () => {},
): Promise<void> {
  const source = line.facts({
    async run(observer) {
      observer.listening();
      for (const batch of batches) {
        await ("reason" in batch ? observer.gap(batch) : observer.changes(batch));
        taken();
      }
    },
  });
  await source.run(intake, new AbortController().signal);
}
