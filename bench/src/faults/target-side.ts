/** One effect that stands in a target, in the order of application. What a system does not keep is empty. */
export interface StandingEffect {
  token: string;
  /** The source's own id of the fact. */
  fact: string;
  quantity: string;
}

/** The other side of a round: what stands there, and how it is made to misbehave. */
export interface TargetSide {
  /** By the name that the system has in the hub. */
  effects(): Promise<Record<string, StandingEffect[]>>;
  /** Draws new misbehaviour. */
  misbehave(random: () => number): Promise<void>;
  behave(): Promise<void>;
  /** Cannot be reached for a while. */
  goAway(ms: number): Promise<void>;
}
