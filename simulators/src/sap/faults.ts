import { MAX_FAULTS } from "./limits.ts";

/** What the simulated SAP can be told to do wrong. */
export const faultKinds = {
  slow: "answers after `ms`",
  dropAnswer: "applies, then cuts the connection without an answer",
  dropRequest: "cuts the connection without applying",
  error500: "applies nothing and answers 500",
  error500Applied: "applies and answers 500",
  lock: "refuses a write because somebody has the object open",
  stale: "does not see in reads what was posted within the last `ms`",
  outage: "answers 503 until it is taken back",
  rateLimit: "answers 429 with Retry-After (`ms`)",
  csrfExpired: "forgets all sessions",
} as const;

export type FaultKind = keyof typeof faultKinds;

export interface Fault {
  fault: FaultKind;
  /** How many requests it hits; default 1, for `outage` and `stale` until it is taken back. */
  count?: number;
  /** Only requests to this service. */
  service?: string;
  ms?: number;
}

const onWrites: ReadonlySet<FaultKind> = new Set([
  "dropAnswer",
  "dropRequest",
  "error500",
  "error500Applied",
  "lock",
  "csrfExpired",
]);
const untilTakenBack: ReadonlySet<FaultKind> = new Set(["outage", "stale"]);

/** The faults that wait for their requests. */
export class Faults {
  #waiting: { fault: FaultKind; left: number; service: string | undefined; ms: number }[] = [];

  add({ fault, count, service, ms }: Fault): void {
    if (!Object.hasOwn(faultKinds, fault)) {
      throw new Error(`There is no fault ${JSON.stringify(fault)}; there are ${Object.keys(faultKinds).join(", ")}.`);
    }
    if (this.#waiting.length >= MAX_FAULTS) throw new Error(`At most ${MAX_FAULTS} faults can wait.`);
    const left = count ?? (untilTakenBack.has(fault) ? Number.POSITIVE_INFINITY : 1);
    this.#waiting.push({ fault, left, service, ms: ms ?? 1_000 });
  }

  clear(kind?: FaultKind): void {
    this.#waiting = kind === undefined ? [] : this.#waiting.filter(({ fault }) => fault !== kind);
  }

  list(): Fault[] {
    return this.#waiting.map(({ fault, left, service, ms }) => ({
      fault,
      ms,
      ...(Number.isFinite(left) && { count: left }),
      ...(service !== undefined && { service }),
    }));
  }

  /** Uses up one count of a fault that hits this request; its `ms`, or undefined when none does. */
  take(kind: FaultKind, service: string, isWrite: boolean): number | undefined {
    if (onWrites.has(kind) && !isWrite) return undefined;
    const hit = this.#waiting.find(
      (each) => each.fault === kind && (each.service === undefined || each.service === service),
    );
    if (!hit) return undefined;
    hit.left--;
    if (hit.left <= 0) this.#waiting = this.#waiting.filter((each) => each !== hit);
    return hit.ms;
  }
}
