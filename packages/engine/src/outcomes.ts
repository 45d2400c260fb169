import { type Clock, type Outcome, RejectedError, UnavailableError, UncertainError, explain } from "@lineshaft/core";

/** The outcome that an error thrown by `send` means for each of its items. Anything that is not told apart is uncertain. */
export function outcomesOfError(error: unknown, count: number, system: string): Outcome[] {
  return Array.from({ length: count }, () => outcomeOf(error, system));
}

function outcomeOf(error: unknown, system: string): Outcome {
  if (error instanceof RejectedError)
    return { kind: "rejected", reason: error.reason, message: error.message, next: error.next, ...said(error) };
  if (error instanceof UnavailableError)
    return {
      kind: "unavailable",
      message: error.message,
      next: error.next,
      ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
      ...said(error),
    };
  if (error instanceof UncertainError)
    return { kind: "uncertain", message: error.message, next: error.next, ...said(error) };
  return { kind: "uncertain", message: `The call to ${system} ended in an error: ${explain(error)}` };
}

function said(error: { said: string | undefined }): { said?: string } {
  return error.said === undefined ? {} : { said: error.said };
}

/** Runs a call with a signal that is aborted after `ms` or with `stop`; then the call counts as uncertain. */
export async function waitAtMost<T>(
  clock: Clock,
  ms: number,
  stop: AbortSignal,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const { promise: cut, reject } = Promise.withResolvers<never>();
  const giveUp = (why: string) => {
    const error = new UncertainError(why, { next: "It is looked up before anything is sent again." });
    controller.abort(error);
    reject(error);
  };
  const timer = clock.after(ms, () => giveUp(`No answer within ${ms} ms.`));
  const stopped = () => giveUp("The hub stopped while it waited for an answer.");
  stop.addEventListener("abort", stopped, { once: true });
  try {
    return await Promise.race([call(controller.signal), cut]);
  } finally {
    timer.cancel();
    stop.removeEventListener("abort", stopped);
  }
}
