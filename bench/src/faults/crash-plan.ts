import type { Item, Outcome, SystemDefinition, Target } from "@lineshaft/core";
import type { LedgerDefinition } from "@lineshaft/engine";
import { withCommit } from "../ledger-wrap.ts";
import { pause } from "../pause.ts";
import { withTargets } from "./retarget.ts";

/** Where a hub of a campaign can be made to die, besides anywhere. */
export const CRASH_POINTS = [
  "before-commit",
  "after-commit",
  "before-send",
  "in-send",
  "after-send",
  "after-find",
  /** The request leaves late: the machine was suspended, or the connector had to sign in first. Then as `in-send`. */
  "stalled-send",
] as const;
export type CrashPoint = (typeof CRASH_POINTS)[number];

/** How long a request has been under way when the process dies `in-send`, in ms. */
const IN_SEND_MS = 5;
/** Longer than a target's `settleMs`, in ms. */
const STALL_MS = 2_700;

/** Counts how often each point is passed and ends the process, as kill -9 does, at the n-th pass of the chosen one. */
export class CrashPlan {
  readonly #point: string;
  #left: number;

  /** `after-commit:17`; empty for never. */
  constructor(text = "") {
    const [point = "", count = "1"] = text.split(":");
    this.#point = point;
    this.#left = Number(count);
  }

  ledger(definition: LedgerDefinition): LedgerDefinition {
    return withCommit(definition, (commit) => async (group) => {
      this.#pass("before-commit");
      const result = await commit(group);
      this.#pass("after-commit");
      return result;
    });
  }

  system<S extends SystemDefinition>(definition: S): S {
    return withTargets(definition, (target) => ({
      send: (items, signal) => this.#send(target, items, signal),
      repeat: this.#repeat(target),
    }));
  }

  async #send(target: Target<never>, items: Item<never>[], signal: AbortSignal): Promise<Outcome[]> {
    this.#pass("before-send");
    const stalled = this.#point === "stalled-send" && --this.#left === 0;
    if (stalled) await pause(STALL_MS);
    const timer = setTimeout(() => (stalled ? die() : this.#pass("in-send")), IN_SEND_MS);
    try {
      return await target.send(items, signal);
    } finally {
      clearTimeout(timer);
      this.#pass("after-send");
    }
  }

  #repeat({ repeat }: Target<never>): Target<never>["repeat"] {
    if (repeat.kind === "repeatable") return repeat;
    const find: typeof repeat.find = async (item, signal) => {
      const found = await repeat.find(item, signal);
      this.#pass("after-find");
      return found;
    };
    return { kind: "lookup", settleMs: repeat.settleMs, find };
  }

  #pass(point: CrashPoint): void {
    if (point === this.#point && --this.#left === 0) die();
  }
}

function die(): void {
  process.kill(process.pid, "SIGKILL");
}
