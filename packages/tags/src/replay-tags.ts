import type { Quality, TagChange, TagGap, TagValue } from "@lineshaft/core";
import { LineshaftError } from "@lineshaft/core";
import { timeToMs } from "@lineshaft/model";
import type { TagFact } from "./compose-fact.ts";
import { LineMachine } from "./line-machine.ts";
import type { Line } from "./line.ts";

/** What a TagSource handed over, in its order. */
export type Recorded = TagChange | { readonly gap: TagGap };

export interface ReplayOptions {
  /** Everything up to then was handed over, ms since 1970: what falls due until then is told. Default: no more than the recording shows. */
  until?: number;
}

/** The facts that a line makes of a recording, in their order. The same recording gives the same facts, always. */
export function replayTags(line: Line, recording: Iterable<Recorded>, { until }: ReplayOptions = {}): TagFact[] {
  const machine = new LineMachine(line.definition);
  const facts: TagFact[] = [];
  for (const recorded of recording) {
    if ("gap" in recorded) machine.gap(recorded.gap);
    else machine.change(recorded);
    facts.push(...machine.takeFacts());
  }
  if (until !== undefined) machine.tick(until);
  return facts.concat(machine.takeFacts());
}

/**
 * Reads a recording of JSON lines: `{"time": "2026-01-05T06:00:00Z", "tag": "…", "value": 4711}`, with `quality` where it
 * is not good, `received` where that differs from the time, `historical`, `said`; or `{"gap": {"tags": [], "from": …, "to": …,
 * "reason": "…", "filled": false}}`. Times are ISO texts or ms since 1970.
 */
export function readRecording(text: string): Recorded[] {
  return text.split("\n").flatMap((line, i) => {
    if (line.trim() === "") return [];
    try {
      return [readLine(JSON.parse(line) as RecordedLine)];
    } catch (cause) {
      throw new LineshaftError("usage", `Line ${i + 1} of the recording cannot be read: ${line.slice(0, 120)}`, {
        next: 'Write each line as {"time": …, "tag": …, "value": …}.',
        cause,
      });
    }
  });
}

type Time = string | number;
interface RecordedLine {
  time?: Time;
  received?: Time;
  tag?: string;
  value?: TagValue;
  quality?: Quality;
  historical?: boolean;
  said?: string;
  gap?: Omit<TagGap, "from" | "to"> & { from: Time; to: Time };
}

function readLine({
  gap,
  time,
  received,
  tag,
  value = null,
  quality = "good",
  historical,
  said,
}: RecordedLine): Recorded {
  if (gap !== undefined) return { gap: { ...gap, from: readTime(gap.from), to: readTime(gap.to) } };
  if (tag === undefined || time === undefined) throw new Error("a time and a tag are needed");
  const sourceTime = readTime(time);
  return {
    tag,
    value,
    quality,
    sourceTime,
    receivedTime: received === undefined ? sourceTime : readTime(received),
    ...(historical === undefined ? {} : { historical }),
    ...(said === undefined ? {} : { said }),
  };
}

function readTime(time: Time): number {
  return typeof time === "number" ? time : timeToMs(time);
}
