/** Longest wait for something real to happen, in ms: generous, because a busy machine is no failure. */
const EVENTUALLY_MS = 45_000;

/**
 * Waits for real input and output: resolves when `condition` holds, looking again at each turn of the event loop.
 * @throws Error that names what was awaited and how things stood at the end
 */
export async function eventually(
  what: string,
  condition: () => boolean | Promise<boolean>,
  state?: () => unknown,
): Promise<void> {
  const end = performance.now() + EVENTUALLY_MS;
  while (!(await condition())) {
    if (performance.now() > end) {
      const stood = state === undefined ? "" : ` It stood at ${JSON.stringify(state())}.`;
      throw new Error(`Waited ${EVENTUALLY_MS} ms in vain: ${what}.${stood}`);
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}
