/** Violations shown one by one; the others are counted. */
export const SHOWN = 40;

/** What a campaign found that must never be. */
export class Violations {
  readonly found: string[] = [];
  readonly #print: (text: string) => void;
  #awaited: ((text: string) => void) | undefined;

  constructor(print: (text: string) => void) {
    this.#print = print;
  }

  add(text: string): void {
    this.found.push(text);
    if (this.found.length <= SHOWN) this.#print(`VIOLATION ${text}`);
    this.#awaited?.(text);
  }

  /** Resolves with the first one. */
  first(): Promise<string> {
    const [first] = this.found;
    return first === undefined ? new Promise((resolve) => (this.#awaited = resolve)) : Promise.resolve(first);
  }
}

/** The invariants that each round is held to, for people. */
export const INVARIANTS = [
  "every acknowledged fact is in the ledger, as it was sent first, under the number its sender was told",
  "each of its deliveries stands exactly once in its target, or is dropped or parked with reason, owner and next step",
  "nothing stands in a target that the ledger does not know, and nothing that was refused or dropped stands anywhere",
  "for each key and target, effects stand in the order of acceptance",
  "the audit chain verifies, and what is done has a sealed row that says so",
  "nothing is in limbo: once all is well again, everything is finished or with a person within the time limit",
  "the hub starts again after each crash, and stops cleanly when it is told to",
] as const;
