/** A fault one can ask for. `count` requests get it, all until cleared when absent; `model` and `method` narrow it down. */
export interface OdooFault {
  fault: OdooFaultKind;
  count?: number;
  model?: string;
  method?: string;
  /** `slow`: how much longer it takes; `outage`: how long; `rateLimit`: what Retry-After says. */
  ms?: number;
}

export const odooFaultKinds = [
  /** The transaction takes `ms` longer; it commits whether or not the client still waits. */
  "slow",
  /** Committed, then the connection dies without an answer. */
  "dropAnswer",
  /** An exception in the middle: rolled back, 500. */
  "error500",
  /** Odoo gave up after its own retries: 500 `psycopg2.errors.SerializationFailure`, rolled back. */
  "lockConflict",
  /** The same, for a row that is locked by somebody else: `LockNotAvailable`. */
  "lockTimeout",
  /** A read answers as things stood before the last commit. */
  "staleRead",
  /** The port refuses connections, for `ms` or until the faults are cleared. */
  "outage",
  /** A proxy in front says 429 with Retry-After; Odoo never sees the request. */
  "rateLimit",
  /** The server is restarted in the middle of a request: rolled back, connection reset. */
  "restart",
] as const;

export type OdooFaultKind = (typeof odooFaultKinds)[number];

/** Most faults that may wait at once; more are refused. */
export const MAX_FAULTS = 1000;

/** Faults that wait for a request they fit. */
export class Faults {
  #waiting: OdooFault[] = [];

  add(fault: OdooFault): void {
    if (this.#waiting.length >= MAX_FAULTS) throw new RangeError(`More than ${MAX_FAULTS} faults wait already.`);
    this.#waiting.push({ ...fault });
  }

  clear(): void {
    this.#waiting = [];
  }

  get waiting(): readonly OdooFault[] {
    return this.#waiting;
  }

  /** Takes one of the faults of these kinds that fits the call, if there is one. */
  take(kinds: readonly OdooFaultKind[], call: { model?: string; method?: string }): OdooFault | undefined {
    const fault = this.#waiting.find((waiting) => kinds.includes(waiting.fault) && fits(waiting, call));
    if (fault?.count !== undefined) {
      fault.count--;
      if (fault.count <= 0) this.#waiting = this.#waiting.filter((waiting) => waiting !== fault);
    }
    return fault;
  }
}

function fits(fault: OdooFault, call: { model?: string; method?: string }): boolean {
  if (fault.model !== undefined && fault.model !== call.model) return false;
  return fault.method === undefined || fault.method === call.method;
}

/** Reads a fault from what came over HTTP; a sentence says what is wrong with it. */
export function readFault(value: unknown): OdooFault | string {
  if (typeof value !== "object" || value === null) return 'Send an object such as {"fault":"slow","ms":500}.';
  const { fault, count, model, method, ms } = value as Record<string, unknown>;
  if (!odooFaultKinds.includes(fault as OdooFaultKind))
    return `Unknown fault ${JSON.stringify(fault)}. Known: ${odooFaultKinds.join(", ")}.`;
  return {
    fault: fault as OdooFaultKind,
    ...(typeof count === "number" && { count }),
    ...(typeof model === "string" && { model }),
    ...(typeof method === "string" && { method }),
    ...(typeof ms === "number" && { ms }),
  };
}
