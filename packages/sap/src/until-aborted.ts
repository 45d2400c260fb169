import { UnavailableError } from "@lineshaft/core";

/**
 * Waits for something shared that is not to be stopped with its caller.
 * @throws UnavailableError as soon as the signal is aborted
 */
export async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const abort = () =>
    aborted.reject(new UnavailableError("Stopped before it was done.", { next: "Nothing; it is done again." }));
  if (signal.aborted) abort();
  else signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
