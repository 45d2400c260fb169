import {
  ATTEMPT_BODY_CHARS,
  type DeliveryState,
  type Found,
  type NewAttempt,
  type Outcome,
  type Parking,
  type Repeat,
  Secret,
  type Settlement,
} from "@lineshaft/core";
import { type Policy, backoffMs, policyDefaults } from "./policy.ts";

/** What deciding the next step needs to know of a delivery. */
export interface Standing {
  repeat: Repeat<never>;
  policy: Policy;
  owner: string;
  system: string;
  receivedTime: number;
  /** Tries so far that count towards back-off. */
  tries: number;
  /** Sends so far that ended uncertain. */
  uncertain: number;
}

export interface Times {
  startedAt: number;
  endedAt: number;
}

/** A settlement without what names the delivery and guards it. */
export type Step = Pick<Settlement, "from" | "to" | "at" | "dueAt" | "tries" | "parking" | "attempt">;

/** The step after a send, as drawn in ARCHITECTURE.md, "Life of a delivery". */
export function afterSend(s: Standing, outcome: Outcome, times: Times, request: unknown, random: () => number): Step {
  const at = times.endedAt;
  const attempt: NewAttempt = {
    kind: "send",
    startedAt: times.startedAt,
    endedAt: at,
    outcome: outcome.kind,
    request: bodyText(request),
  };
  switch (outcome.kind) {
    case "done":
      attempt.receipt = outcome.receipt;
      attempt.message = masked(outcome.note ?? (outcome.already === true ? "It stood already." : undefined));
      attempt.response = responseText(outcome.response);
      return { from: "sending", to: "done", at, attempt };
    case "unavailable": {
      const said = sentence(outcome.message, outcome.said);
      if (expired(s, at))
        return { from: "sending", to: "parked", at, parking: expiry(s, said), attempt: { ...attempt, message: said } };
      const wait = backoffMs(s.policy, s.tries, random, outcome.retryAfterMs);
      return {
        from: "sending",
        to: "pending",
        at,
        dueAt: at + wait,
        tries: s.tries + 1,
        attempt: { ...attempt, message: said },
      };
    }
    case "rejected": {
      const said = sentence(outcome.message, outcome.said);
      const parking = { reason: outcome.reason, message: said, next: outcome.next, owner: s.owner };
      return {
        from: "sending",
        to: "parked",
        at,
        parking,
        attempt: { ...attempt, message: said, response: responseText(outcome.response) },
      };
    }
    case "uncertain":
      return afterUncertain(s, sentence(outcome.message, outcome.said), attempt, times, random);
  }
}

function afterUncertain(s: Standing, said: string, attempt: NewAttempt, times: Times, random: () => number): Step {
  const at = times.endedAt;
  const told = { ...attempt, message: said };
  if (s.uncertain + 1 > checksOf(s))
    return { from: "sending", to: "parked", at, parking: ambiguity(s, said), attempt: told };
  const wait = backoffMs(s.policy, s.tries, random);
  // The other side refuses a second one by itself: sending again is the look-up.
  if (s.repeat.kind === "repeatable")
    return { from: "sending", to: "pending", at, dueAt: at + wait, tries: s.tries + 1, attempt: told };
  return {
    from: "sending",
    to: "checking",
    at,
    // From the end of the call: until then the request may have waited for a sign-in, a pool or a suspended machine.
    dueAt: at + s.repeat.settleMs,
    tries: 0,
    attempt: told,
  };
}

/** The step after a look-up. */
export function afterCheck(s: Standing, found: Found, times: Times, random: () => number): Step {
  const at = times.endedAt;
  const attempt = { kind: "check" as const, ...times, outcome: found.kind };
  switch (found.kind) {
    case "found":
      return {
        from: "checking",
        to: "done",
        at,
        attempt: {
          ...attempt,
          receipt: found.receipt,
          message: masked(found.note),
          response: responseText(found.response),
        },
      };
    case "absent":
      return {
        from: "checking",
        to: "pending",
        at,
        dueAt: 0,
        tries: s.tries,
        attempt: { ...attempt, message: masked(found.evidence) },
      };
    case "unknown": {
      const told = { ...attempt, message: sentence(found.message, found.evidence) };
      if (s.tries + 1 >= checksOf(s))
        return { from: "checking", to: "parked", at, parking: ambiguity(s, told.message), attempt: told };
      return {
        from: "checking",
        to: "checking",
        at,
        dueAt: at + backoffMs(s.policy, s.tries, random),
        tries: s.tries + 1,
        attempt: told,
      };
    }
  }
}

/** The look-up itself could not be made; it counts towards nothing. */
export function afterFailedCheck(
  s: Standing,
  message: string,
  times: Times,
  retryAfterMs: number | undefined,
  random: () => number,
): Step {
  const attempt = { kind: "check" as const, ...times, outcome: "unavailable" as const, message: Secret.mask(message) };
  const dueAt = times.endedAt + backoffMs(s.policy, s.uncertain + 1, random, retryAfterMs);
  return { from: "checking", to: "checking", at: times.endedAt, dueAt, tries: s.tries, attempt };
}

export function parkFrom(from: DeliveryState, at: number, parking: Parking): Step {
  return { from, to: "parked", at, parking };
}

function checksOf(s: Standing): number {
  return s.policy.checks ?? policyDefaults.checks;
}

function expired(s: Standing, now: number): boolean {
  return now - s.receivedTime >= (s.policy.giveUpAfterMs ?? policyDefaults.giveUpAfterMs);
}

function expiry(s: Standing, said: string): Parking {
  return {
    reason: "expired",
    message: `${s.system} could not be reached in the time this flow allows. Last: ${said}`,
    next: `When ${s.system} is back, resend it if it is still true, or drop it.`,
    owner: s.owner,
  };
}

function ambiguity(s: Standing, said: string): Parking {
  return {
    reason: "ambiguous",
    message: `Nobody can tell whether ${s.system} applied it. ${said}`,
    next: `Look in ${s.system}. If it stands, confirm it with its number; if it does not, resend it.`,
    owner: s.owner,
  };
}

/** What the other side said is kept for good and shown to people: a secret that it repeats is taken out here. */
function sentence(message: string, said: string | undefined): string {
  return Secret.mask(said === undefined || said === "" ? message : `${message} It said: ${said}`);
}

function masked(text: string | undefined): string | undefined {
  return text === undefined ? undefined : Secret.mask(text);
}

function responseText(value: unknown): string | undefined {
  return value === undefined ? undefined : Secret.mask(bodyText(value));
}

/** JSON, cut to the limit of what an attempt keeps. */
export function bodyText(value: unknown): string {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "");
  return text.length <= ATTEMPT_BODY_CHARS ? text : `${text.slice(0, ATTEMPT_BODY_CHARS)}…`;
}
