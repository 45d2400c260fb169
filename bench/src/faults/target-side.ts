/** One effect that stands in a target, in the order of application. */
export interface StandingEffect {
  token: string;
  key: string;
  /** What tells the fact: `source/id`; empty where the target keeps only the token. */
  fact: string;
  quantity: string;
}

/** The other side of a round: what stands there, and how it is made to misbehave. */
export interface TargetSide {
  /** Systems by the name they have in the hub. */
  effects(): Promise<Record<string, StandingEffect[]>>;
  /** Draws new misbehaviour. */
  misbehave(random: () => number): Promise<void>;
  behave(): Promise<void>;
  /** Cannot be reached for a while. */
  goAway(ms: number): Promise<void>;
}
