import type { Contract, Fact } from "@lineshaft/core";

/** What a plant of the campaign tells: every third one is a summary, which may be shed; the others are confirmations. */
export interface Reading {
  id: string;
  key: string;
  n: number;
  time: number;
  filler: string;
}

export const CONFIRMATION = "confirmation.v1";
export const SUMMARY = "summary.v1";

const KEYS = 7;
const SUMMARY_EVERY = 3;
/** Time between two readings, by the plant's own reckoning, in ms. */
const STEP_MS = 1_000;
/** Makes a buffer of some megabytes full within seconds, in characters. */
const FILLER_CHARS = 1_500;
const FIRST_TIME = Date.UTC(2026, 0, 5, 6);

export function isSummary(n: number): boolean {
  return n % SUMMARY_EVERY === 0;
}

/** The n-th, the same each time it is made: a source that was not acknowledged hands it over again. */
export function readingOf(n: number): Reading {
  const id = `n-${n}`;
  return { id, key: `k-${n % KEYS}`, n, time: FIRST_TIME + n * STEP_MS, filler: id.padEnd(FILLER_CHARS, ".") };
}

export function factOf(n: number): Fact {
  return { contract: isSummary(n) ? SUMMARY : CONFIRMATION, raw: JSON.stringify(readingOf(n)) };
}

function contractOf(id: string): Contract<Reading> {
  return {
    id,
    title: id,
    kind: "event",
    schema: { type: "object" },
    examples: [],
    check: () => [],
    rules: () => [],
    describe: (reading) => ({ id: reading.id, object: reading.key, key: reading.key, eventTime: reading.time }),
  };
}

export const readingContracts = [contractOf(CONFIRMATION), contractOf(SUMMARY)];
