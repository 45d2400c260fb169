import type { StandingEffect } from "./target-side.ts";

/** What stands in the systems, to be found by the delivery's token or, where a system keeps no token, by the fact's id. */
export class Standing {
  readonly #bySystem = new Map<string, { effects: readonly StandingEffect[]; found: Map<string, StandingEffect[]> }>();

  constructor(effects: Record<string, readonly StandingEffect[]>) {
    for (const [system, own] of Object.entries(effects))
      this.#bySystem.set(system, { effects: own, found: Map.groupBy(own, identityOf) });
  }

  get systems(): string[] {
    return [...this.#bySystem.keys()];
  }

  /** In the order of application. */
  effectsIn(system: string): readonly StandingEffect[] {
    return this.#bySystem.get(system)?.effects ?? [];
  }

  of(system: string, { token, fact }: { token: string; fact: string }): readonly StandingEffect[] {
    const found = this.#bySystem.get(system)?.found;
    return found?.get(token) ?? found?.get(fact) ?? [];
  }
}

/** The token where it is kept, else the fact. Neither looks like the other. */
export function identityOf({ token, fact }: StandingEffect): string {
  return token === "" ? fact : token;
}
