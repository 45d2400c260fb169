import {
  type Clock,
  type LaneClaim,
  type Ledger,
  type Log,
  type NewAttempt,
  type Settlement,
  explain,
  laneOf,
} from "@lineshaft/core";
import { POISON_CRASHES } from "./policy.ts";
import type { Routing } from "./routing.ts";

/** Counts starts that were not followed by a clean stop or a quiet minute, where one process has the ledger to itself. */
const CRASHES_CURSOR = "hub:crashes";
/** From this many crashes in a row, or of several workers within a minute, the hub goes carefully. */
export const CAREFUL_FROM = 2;
const QUIET_MS = 60_000;
const COMMIT_ROWS = 1_000;

/**
 * Deals with what a crashed worker had in hand: a request that may have left is looked up, or sent again where the other
 * side recognises it; a delivery that was in hand at several crashes is parked. Nothing is sent here.
 */
export async function recover(options: {
  ledger: Ledger;
  routing: Routing;
  /** The lanes that were taken over. */
  claims: readonly LaneClaim[];
  clock: Clock;
  log: Log;
  targetsOf: TargetsOf;
}): Promise<number> {
  const { ledger, claims, clock, log } = options;
  const fences = new Map(claims.map(({ lane, fence }) => [lane, fence]));
  const inHand = (await ledger.inHand([...fences.keys()])).filter((d) => d.state === "sending");
  const settlements = inHand.flatMap((delivery) => {
    const fence = fences.get(laneOf(delivery.key));
    return fence === undefined ? [] : [recovered(delivery, fence, options, clock.now())];
  });
  for (let at = 0; at < settlements.length; at += COMMIT_ROWS)
    await ledger.commit({ at: clock.now(), settlements: settlements.slice(at, at + COMMIT_ROWS) });
  if (settlements.length > 0)
    log.warn("a crash left deliveries in hand; they are looked up before anything is sent again", {
      deliveries: settlements.length,
    });
  return settlements.length;
}

/** How an operation of a system repeats. */
export type TargetsOf = (
  system: string,
  operation: string,
) => { kind: "repeatable" } | { kind: "lookup"; settleMs: number } | undefined;

type InHand = Awaited<ReturnType<Ledger["inHand"]>>[number];

function recovered(d: InHand, fence: number, o: { routing: Routing; targetsOf: TargetsOf }, at: number): Settlement {
  const route = o.routing.route(d.route);
  const crashes = d.crashes + 1;
  const attempt: NewAttempt = {
    kind: "send",
    startedAt: d.since,
    endedAt: at,
    outcome: "crashed",
    message: "The hub stopped while this was in hand.",
  };
  const step = {
    delivery: d.id,
    lane: laneOf(d.key),
    fence,
    from: "sending" as const,
    at,
    crashes,
    attempt,
  };
  if (crashes >= POISON_CRASHES) {
    const parking = {
      reason: "poison",
      message: `The hub crashed ${crashes} times with this delivery in hand.`,
      next: "Look at the payload and the log before it is resent; drop it if it can't be right.",
      owner: route?.owner ?? "integration",
    };
    return { ...step, to: "parked", parking };
  }
  const repeat = route === undefined ? undefined : o.targetsOf(route.system, route.operation.name);
  if (repeat?.kind === "repeatable") return { ...step, to: "pending", dueAt: 0 };
  // From now on: when the request left is not known, only that nothing leaves the dead process any more.
  return { ...step, to: "checking", dueAt: at + (repeat?.settleMs ?? 0), tries: 0 };
}

/** Whether crashes in a row call for care, and how that ends. */
export class CrashCount {
  careful = false;
  readonly #ledger: Ledger;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  async begin(clock: Clock, log: Log): Promise<void> {
    const crashes = Number((await this.#ledger.loadCursor(CRASHES_CURSOR)) ?? 0);
    await this.#ledger.saveCursor(CRASHES_CURSOR, String(crashes + 1));
    this.careful = crashes >= CAREFUL_FROM;
    clock.after(QUIET_MS, () => {
      this.end().catch((error: unknown) =>
        log.warn("the count of crashes could not be set back", { error: explain(error) }),
      );
    });
  }

  async end(): Promise<void> {
    this.careful = false;
    await this.#ledger.saveCursor(CRASHES_CURSOR, "0");
  }
}
