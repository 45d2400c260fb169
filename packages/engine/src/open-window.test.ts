import { type Ledger, type OpenDelivery, deliveryId, laneOf, messageOf, silentLog } from "@lineshaft/core";
import { FakeClock, settled } from "@lineshaft/testing";
import { describe, expect, test } from "vitest";
import type { Accepted } from "./intake.ts";
import { KeyLines } from "./key-lines.ts";
import { OpenWindow, type OpenWindowOptions } from "./open-window.ts";
import type { RunningRoute } from "./routing.ts";

test.each([
  [0, 5],
  [2, 20],
  [9, 90],
  [40, 100],
])("beside other workers, a window whose read took %d ms rests %d ms", async (readMs, restMs) => {
  const { clock, reads } = aBusyWindow(readMs, true);
  await clock.advance(10 * (readMs + restMs));
  const between = reads.slice(1).map((at, n) => at - (reads[n] ?? 0));
  expect(between.length).toBeGreaterThanOrEqual(9);
  expect(new Set(between)).toEqual(new Set([readMs + restMs]));
});

test("a window that has the ledger to itself rests not at all", async () => {
  const { clock, reads } = aBusyWindow(3, false);
  await clock.advance(30);
  expect(reads.slice(0, 4)).toEqual([0, 3, 6, 9].map((ms) => ms + (reads[0] ?? 0)));
});

test("what was being read when its lane went and came back does not go ahead of what was known of its key before", async () => {
  const { window, windowReads, lines, answerWindow } = await anOpenWindow();
  window.offer(accepted(3));
  window.look();
  window.refill();
  lines.leave(new Set([laneOf("MO-7")]));
  window.reopen();
  answerWindow([open(5)]);
  await settled();
  expect(windowReads).toEqual([0, id(3), 0]);
  answerWindow([open(3), open(4), open(5)]);
  await settled();
  for (const message of [3, 4, 5]) {
    expect(taken(lines)).toEqual([message]);
    advance(lines);
  }
  expect(lines.keys).toBe(0);
});

/** Others accept something all the time, and reading takes so long. */
function aBusyWindow(readMs: number, shared: boolean) {
  const clock = new FakeClock();
  const reads: number[] = [];
  const ledger = {
    openDeliveries: async () => {
      reads.push(clock.now());
      if (readMs > 0) await clock.sleep(readMs);
      return [];
    },
  } as unknown as Ledger;
  const look = () => {
    window.look();
    window.refill();
  };
  const lines = new KeyLines(clock, look, unused);
  const window = aWindow({ ledger, clock, lines, shared: () => shared, fence: () => 1, filled: look, routing: unused });
  look();
  return { clock, reads };
}

const unused = (() => undefined) as never;

/** A window of 100 deliveries of one lane, whose work nobody follows. */
function aWindow(
  options: Pick<OpenWindowOptions, "ledger" | "clock" | "lines" | "shared" | "fence" | "filled" | "routing">,
): OpenWindow {
  return new OpenWindow({
    ...options,
    system: "odoo",
    lanes: () => [0],
    windowDeliveries: 100,
    log: silentLog,
    track: (work) => void work,
    settle: unused,
    payloads: unused,
  });
}

describe("what is accepted while its key is being read comes after what was read, and is not forgotten", () => {
  test("of a key that is in memory", async () => {
    const { window, lines, reads, answer } = await anOpenWindow();
    window.offer(accepted(1));
    expect(taken(lines)).toEqual([1]);
    window.readKey("MO-7", true);
    window.offer(accepted(3));
    window.offer(accepted(4));
    answer([open(2)]);
    await settled();
    expect(taken(lines)).toEqual([2]);
    window.offer(accepted(5));
    advance(lines);
    expect(reads).toEqual([0, id(2)]);
    answer([open(3), open(4), open(5)]);
    await settled();
    for (const message of [3, 4, 5]) {
      expect(taken(lines)).toEqual([message]);
      advance(lines);
    }
    expect(lines.keys).toBe(0);
  });

  test("of a key that is not", async () => {
    const { window, lines, answer } = await anOpenWindow();
    // A person put an old delivery back.
    window.readKey("MO-7", true);
    window.offer(accepted(9));
    answer([open(2)]);
    await settled();
    expect(taken(lines)).toEqual([2]);
    advance(lines);
    answer([open(9)]);
    await settled();
    expect(taken(lines)).toEqual([9]);
  });

  test("of which nothing older is open", async () => {
    const { window, lines, answer } = await anOpenWindow();
    window.readKey("MO-7", true);
    window.offer(accepted(9));
    answer([]);
    await settled();
    expect(lines.keys).toBe(1);
    answer([open(9)]);
    await settled();
    expect(taken(lines)).toEqual([9]);
  });

  test("of which a parked one may be passed", async () => {
    const { window, lines, answer } = await anOpenWindow("continue");
    window.readKey("MO-7", true);
    window.offer(accepted(9));
    answer([{ ...open(2), state: "parked" }]);
    await settled();
    answer([{ ...open(2), state: "parked" }, open(9)]);
    await settled();
    expect(taken(lines)).toEqual([9]);
  });

  test("and somebody acted on it: it is read anew", async () => {
    const { window, lines, reads, answer } = await anOpenWindow();
    window.offer(accepted(3));
    expect(taken(lines)).toEqual([3]);
    window.readKey("MO-7", false);
    const held = lines.line("MO-7");
    if (held !== undefined) held.reload = true;
    answer([open(4)]);
    await settled();
    expect(taken(lines)).toEqual([]);
    answer([open(2), open(4)]);
    await settled();
    expect([reads, taken(lines)]).toEqual([[id(3), 0], [2]]);
  });

  test("of many that no flow has a way for any more: each is read once", async () => {
    const { window, lines, reads, answer } = await anOpenWindow();
    window.readKey("MO-7", true);
    answer(Array.from({ length: 32 }, (_, at) => ({ ...open(at + 1), route: 2, state: "parked" as const })));
    await settled();
    answer([]);
    await settled();
    expect([reads, lines.keys]).toEqual([[0, deliveryId(32, 1)], 0]);
  });

  test("and its lane was given away: nothing of it is kept", async () => {
    const { window, lines, answer, giveAway } = await anOpenWindow();
    window.readKey("MO-7", true);
    window.offer(accepted(9));
    giveAway();
    answer([open(2)]);
    await settled();
    expect(lines.keys).toBe(0);
  });

  test("and is read once only, when it is gone by then", async () => {
    const { window, lines, reads, answer } = await anOpenWindow();
    window.readKey("MO-7", true);
    window.offer(accepted(9));
    answer([]);
    await settled();
    answer([]);
    await settled();
    expect(reads).toHaveLength(2);
    expect(lines.keys).toBe(0);
  });
});

const policy = { order: "wait" };
const route = { id: 1, priority: "normal", policy } as unknown as RunningRoute;
const id = (message: number) => deliveryId(message, route.id);

function accepted(message: number): Accepted {
  return { id: id(message), route, carried: { key: "MO-7", receivedTime: 0 } as never, chars: 2 };
}

function open(message: number): OpenDelivery {
  const fresh = { state: "pending", dueAt: 0, since: 0, attempts: 0, tries: 0, crashes: 0, edited: false } as const;
  return { id: id(message), route: route.id, key: "MO-7", ...fresh };
}

/** Messages whose deliveries may be begun now; they are in hand then. */
function taken(lines: KeyLines): number[] {
  const found: number[] = [];
  for (let line = lines.take(false); line !== undefined; line = lines.take(false))
    found.push(messageOf(line.head?.id ?? 0));
  return found;
}

function advance(lines: KeyLines): void {
  const line = lines.line("MO-7");
  if (line !== undefined) lines.advance(line);
}

/**
 * A window that has read all; its reads are answered by the test. `reads`, `windowReads`: after which delivery each read of a
 * key, and of the window, reads.
 */
async function anOpenWindow(order = "wait") {
  policy.order = order;
  const clock = new FakeClock();
  const reads: number[] = [];
  const windowReads: number[] = [];
  const waiting: PromiseWithResolvers<OpenDelivery[]>[] = [];
  const windowWaiting: PromiseWithResolvers<OpenDelivery[]>[] = [];
  const askTo = (noted: number[], asked: PromiseWithResolvers<OpenDelivery[]>[], after: number) => {
    noted.push(after);
    const read = Promise.withResolvers<OpenDelivery[]>();
    asked.push(read);
    return read.promise;
  };
  const ledger = {
    openDeliveries: ({ after }: { after: number }) => askTo(windowReads, windowWaiting, after),
    openOfKey: ({ after }: { after: number }) => askTo(reads, waiting, after),
  } as unknown as Ledger;
  let fence: number | undefined = 1;
  const lines: KeyLines = new KeyLines(clock, unused, (line) => window.readKey(line.key, false));
  const window: OpenWindow = aWindow({
    ledger,
    clock,
    lines,
    shared: () => false,
    fence: () => fence,
    filled: () => window.refill(),
    routing: { route: (number: number) => (number === route.id ? route : undefined) } as never,
  });
  const answer = (found: OpenDelivery[]) => waiting.shift()?.resolve(found);
  const answerWindow = (found: OpenDelivery[]) => windowWaiting.shift()?.resolve(found);
  window.refill();
  answerWindow([]);
  await settled();
  return { window, lines, reads, windowReads, answer, answerWindow, giveAway: () => (fence = undefined) };
}
