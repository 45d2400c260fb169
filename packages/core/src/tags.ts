import type { Source } from "./connector.ts";

/** A tag's value as the device gave it. 64-bit integers are `bigint`; a structure is an object of named values. */
export type TagValue =
  number | bigint | boolean | string | null | Uint8Array | readonly TagValue[] | { readonly [field: string]: TagValue };

/** OPC UA part 8 §6: what is not good may be shown, but nothing may be concluded from it. `stale`: its device is gone. */
export type Quality = "good" | "uncertain" | "bad" | "stale";

/** A tag had a new value, or another quality. */
export interface TagChange {
  /** As the connector names it: a node id, a topic and metric, a register's name. */
  tag: string;
  value: TagValue;
  quality: Quality;
  /** When the device says so, ms since 1970; the time of receipt where it says nothing. */
  sourceTime: number;
  receivedTime: number;
  /** Of a time before the newest value: read from a history, or kept back while a link was down. It never becomes the current value. */
  historical?: boolean;
  /** Why the quality is not good, in the protocol's words. */
  said?: string;
}

/** Values may be missing between two times. */
export interface TagGap {
  /** The tags that are concerned; none: all of the source. */
  tags: readonly string[];
  from: number;
  to: number;
  /** As a sentence. */
  reason: string;
  /** The missing values were read from a history, and handed over as `historical`. */
  filled: boolean;
}

/** Who takes what a device's tags say. */
export interface TagObserver {
  /** Changes in the order of the source. Resolves when they are taken and nothing of them can be lost any more; wait for it before handing over more. */
  changes(changes: readonly TagChange[]): Promise<void>;
  gap(gap: TagGap): Promise<void>;
  /** When each tag's newest value was, by the device, as far as it is known from earlier runs: what came after it may be missing. */
  newest?(): ReadonlyMap<string, number>;
  /** The source says so when what changes from now on reaches it. */
  listening(): void;
}

/** Reads tags. It never writes: there is no way to. `run` as that of a Source. */
export interface TagSource {
  run(observer: TagObserver, signal: AbortSignal): Promise<void>;
}

/** What makes facts of tags, so that a connector for devices can be a system's source like any other. */
export type FactsFromTags = (tags: TagSource) => Source;
