import { type Child, beside, startChild } from "../child.ts";
import { type PeerFaults, type PeerOrder, type PeerWord, noFaults } from "./peer-protocol.ts";
import type { StandingEffect, TargetSide } from "./target-side.ts";
import type { Violations } from "./violations.ts";

/** Most of each kind of misbehaviour at once; drawn anew below that. */
const WORST: PeerFaults = {
  dropAnswer: 0.15,
  dropHalfway: 0.08,
  dropRequest: 0.08,
  failApplied: 0.08,
  fail: 0.08,
  turnAway: 0.15,
  slow: 0.15,
  busyItem: 0.08,
  blind: 0.2,
};

/** The counting peer in its own process, which outlives every hub. */
export class Peer implements TargetSide, AsyncDisposable {
  readonly url: string;
  readonly #child: Child<PeerWord & { reset: true }>;

  private constructor(child: Child<PeerWord & { reset: true }>, url: string) {
    this.#child = child;
    this.url = url;
  }

  static async start(): Promise<Peer> {
    const child = startChild<PeerWord & { reset: true }>(beside(import.meta.url, "peer-process"), {});
    return new Peer(child, await child.hear("url"));
  }

  /** Forgets everything, and says from now on at once when something stands twice. */
  async reset(seed: number, violations: Violations): Promise<void> {
    this.#child.listen("twice", ({ system, effect }) =>
      violations.add(`Fact ${effect.fact} stands twice in ${system} (token ${effect.token}).`),
    );
    await this.behave();
    await this.#ask({ order: "reset", seed }, "reset");
  }

  effects(): Promise<Record<string, StandingEffect[]>> {
    return this.#ask({ order: "effects" }, "effects");
  }

  misbehave(random: () => number): Promise<void> {
    const share = (worst: number) => (random() < 0.5 ? 0 : worst * random());
    const drawn = Object.entries(WORST).map(([kind, worst]) => [kind, share(worst)] as const);
    this.#say({ order: "faults", faults: { ...noFaults, ...Object.fromEntries(drawn) } });
    return Promise.resolve();
  }

  behave(): Promise<void> {
    this.#say({ order: "faults", faults: noFaults });
    return Promise.resolve();
  }

  goAway(ms: number): Promise<void> {
    this.#say({ order: "outage", ms });
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#child.kill();
  }

  #say(order: PeerOrder): void {
    this.#child.say(order);
  }

  #ask<K extends "reset" | "effects">(order: PeerOrder, field: K): Promise<(PeerWord & { reset: true })[K]> {
    const heard = this.#child.hear(field);
    this.#say(order);
    return heard;
  }
}
