/** What the page tells of a demo's plant that is behind a gateway. */
export interface PlantView {
  /** `Hall 2`. */
  name: string;
  /** The system that goes down to it; faults of this name are those of its link. */
  system: string;
  gateway: PlantGateway;
  /** Since when its link is cut on purpose, ms since 1970. */
  cutSince?: number;
  machines: PlantMachine[];
}

/** The gateway as it tells of itself, past the link. */
export interface PlantGateway {
  /** `up` and `down` are those of its link to the hub. `stopped`: its process is not there. */
  state: "starting" | "up" | "down" | "stopped";
  since: number;
  /** Address of its own page, on this machine. */
  page?: string;
  /** Facts that it keeps because the hub has not got them yet, and when the oldest was recorded. */
  waiting?: number;
  oldest?: number;
  /** Why it or its machines are not there, as a sentence. */
  problem?: string;
}

export interface PlantMachine {
  name: string;
  /** `OPC UA`. */
  protocol: string;
  /** A word of PackML, and why the machine stands. */
  state: string;
  reason: string;
  /** Empty when it has none. */
  order: string;
  /** Pieces by the machine's own counters, scrap among them, and those that stand in the ERP. */
  counted: number;
  booked: number;
}
