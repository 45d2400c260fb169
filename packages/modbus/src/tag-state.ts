import type { TagChange, TagValue } from "@lineshaft/core";
import { within } from "./decimal.ts";
import type { Reading } from "./decode.ts";
import type { Point } from "./register-map.ts";

interface Known {
  reading: Reading;
  /** The observer of this run has it. */
  heard: boolean;
}

/** What was handed over last of each tag, and so what is a change. */
export class TagState {
  readonly #known = new Map<string, Known>();

  /** Whoever listens from now on has heard nothing yet. */
  startOver(): void {
    for (const known of this.#known.values()) known.heard = false;
  }

  /** The change of a tag by a new reading, if it is one. Nothing is remembered before `taken`. */
  change(point: Point, reading: Reading, time: number): TagChange | undefined {
    const known = this.#known.get(point.tag);
    if (known?.heard && isSame(point, known.reading, reading)) return undefined;
    return {
      tag: point.tag,
      value: this.#valueOf(point, reading),
      quality: reading.quality,
      // Modbus tells no time: that of the answer stands for it.
      sourceTime: time,
      receivedTime: time,
      ...(reading.quality !== "good" && { said: reading.said }),
    };
  }

  /** The change has reached the observer. */
  taken(point: Point, reading: Reading): void {
    this.#known.set(point.tag, { reading: { ...reading, value: this.#valueOf(point, reading) }, heard: true });
  }

  /** A value that cannot be read now is still the last one known. */
  #valueOf({ tag }: Point, reading: Reading): TagValue {
    return reading.quality === "good" ? reading.value : (this.#known.get(tag)?.reading.value ?? null);
  }
}

function isSame({ deadband }: Point, last: Reading, now: Reading): boolean {
  if (last.quality !== "good" || now.quality !== "good")
    return last.quality !== "good" && now.quality !== "good" && last.quality === now.quality && last.said === now.said;
  if (last.value === now.value) return true;
  return deadband !== undefined && last.number !== undefined && now.number !== undefined
    ? within(last.number, now.number, deadband)
    : false;
}
