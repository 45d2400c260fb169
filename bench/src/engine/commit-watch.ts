import type { CommitGroup, CommitResult } from "@lineshaft/core";
import { messageOf } from "@lineshaft/core";
import type { LedgerDefinition } from "@lineshaft/engine";
import { atMost } from "../pause.ts";
import { withCommit } from "../ledger-wrap.ts";

/** Longest wait for deliveries to be done, in ms. */
const PATIENCE_MS = 300_000;

/** How much one commit held. */
export interface GroupShape {
  messages: number;
  /** Steps to `sending`. */
  begins: number;
  /** Steps to `done`, each with its attempt. */
  finishes: number;
}

/** Sees each commit of a hub: what was settled when, and how large the groups were. */
export class CommitWatch {
  readonly groups: GroupShape[] = [];
  finished = 0;
  /** Called with a message's id for each of its deliveries that is on disk as done. */
  onDone: (message: number) => void = () => undefined;
  /** Called after each commit. */
  onCommit: () => void = () => undefined;
  #awaited: { count: number; resolve: () => void } | undefined;

  watch(ledger: LedgerDefinition): LedgerDefinition {
    return withCommit(ledger, (commit) => async (group) => {
      const result = await commit(group);
      this.#see(group, result);
      return result;
    });
  }

  /** Resolves when this many deliveries are done. @throws Error with `state` when they are not within `withinMs` */
  async until(count: number, withinMs = PATIENCE_MS, state: () => string = () => ""): Promise<void> {
    if (this.finished >= count) return;
    const reached = new Promise<true>((resolve) => (this.#awaited = { count, resolve: () => resolve(true) }));
    if ((await atMost(withinMs, reached)) !== true)
      throw new Error(`${this.finished} of ${count} deliveries are done after ${withinMs} ms. ${state()}`);
  }

  #see(group: CommitGroup, result: CommitResult): void {
    const shape = { messages: result.messages.length, begins: 0, finishes: 0 };
    for (const { to, delivery } of group.settlements ?? []) {
      if (to === "sending") shape.begins++;
      if (to !== "done") continue;
      shape.finishes++;
      this.onDone(messageOf(delivery));
    }
    this.groups.push(shape);
    this.finished += shape.finishes;
    this.onCommit();
    if (this.#awaited !== undefined && this.finished >= this.#awaited.count) this.#awaited.resolve();
  }
}

/** A hub's groups for so many messages: without what it did not get to, and with what they leave over in one more. */
export function covering(groups: readonly GroupShape[], messages: number): GroupShape[] {
  const left = { messages, begins: messages * 2, finishes: messages * 2 };
  const taken: GroupShape[] = [];
  for (const group of groups) {
    const shape = {
      messages: Math.min(group.messages, left.messages),
      begins: Math.min(group.begins, left.begins),
      finishes: Math.min(group.finishes, left.finishes),
    };
    left.messages -= shape.messages;
    left.begins -= shape.begins;
    left.finishes -= shape.finishes;
    taken.push(shape);
  }
  return left.finishes > 0 ? [...taken, left] : taken;
}
