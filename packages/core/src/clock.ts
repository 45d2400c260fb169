/** Time, handed in wherever it is read or waited for, so that tests run on a fake one. */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00Z. */
  now(): number;
  /** Resolves after `ms`; rejects with the signal's reason as soon as it is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls `run` once after `ms`, unless cancelled. Keeps no process alive. */
  after(ms: number, run: () => void): Timer;
}

export interface Timer {
  cancel(): void;
}

/** Node.js waits no longer than this at once, in ms (2^31 - 1): it would take a longer wait for none. */
const LONGEST_WAIT_MS = 2_147_483_647;

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(abortReason(signal));
      const cancel = wait(ms, true, () => {
        signal?.removeEventListener("abort", abort);
        resolve();
      });
      const abort = () => {
        cancel();
        reject(abortReason(signal));
      };
      signal?.addEventListener("abort", abort, { once: true });
    }),
  after: (ms, run) => ({ cancel: wait(ms, false, run) }),
};

/** Calls `run` once after `ms`; what is past is due at once. Returns how to cancel it. */
function wait(ms: number, keepsAlive: boolean, run: () => void): () => void {
  let timer: NodeJS.Timeout;
  const arm = (left: number) => {
    const due = left <= LONGEST_WAIT_MS;
    timer = setTimeout(due ? run : () => arm(left - LONGEST_WAIT_MS), Math.min(Math.max(left, 0), LONGEST_WAIT_MS));
    if (!keepsAlive) timer.unref();
  };
  arm(ms);
  return () => clearTimeout(timer);
}

function abortReason(signal: AbortSignal | undefined): Error {
  const reason: unknown = signal?.reason;
  return reason instanceof Error ? reason : new Error("stopped");
}
