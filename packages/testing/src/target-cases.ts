import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  LineshaftError,
  RejectedError,
  UnavailableError,
  type Found,
  type Item,
  type Outcome,
  type Target,
} from "@lineshaft/core";

/** A target with the other side at hand, so that effects are counted there and not believed. */
export interface TargetBench<T> {
  target: Target<T>;
  /** A fresh value that the other side accepts; a different one for each `n`, on a different business object. */
  value(n: number): T | Promise<T>;
  /** A value that fits the schema and that the other side refuses. */
  badValue(): T | Promise<T>;
  /** How often the effect of this item stands on the other side. */
  effects(item: Item<T>): Promise<number>;
  /** The next request is applied and its answer lost. */
  dropNextAnswer?(): void | Promise<void>;
  /** True takes the other side away: it refuses connections. False brings it back. */
  outage?(on: boolean): void | Promise<void>;
  /** Lets the time pass that a look-up has to wait (`settleMs`). Default: nothing. */
  settle?(): Promise<void>;
  dispose(): Promise<void>;
}

/**
 * The cases that every target of every connector must pass, against a simulator and, where one is at hand, a real server.
 *
 * @param name of the target, `odoo completeOrder`
 * @param open a bench of its own for each case
 */
export function targetCases<T>(name: string, open: () => Promise<TargetBench<T>>): void {
  describe(name, () => {
    let bench: TargetBench<T>;
    beforeEach(async () => {
      bench = await open();
    });
    afterEach(() => bench.dispose());

    test("has one effect and names it in a receipt", async () => {
      const item = await anItem(bench, 1);
      expect(await bench.effects(item)).toBe(0);
      expect(receiptOf(await sendOne(bench, item))).not.toBe("");
      expect(await bench.effects(item)).toBe(1);
    });

    test("sent again, the same item still has one effect", async () => {
      const item = await anItem(bench, 1);
      const first = receiptOf(await sendOne(bench, item));
      await expectStands(bench, { ...item, attempt: 2 }, first);
      expect(await bench.effects(item)).toBe(1);
    });

    test("what was never sent is not found", async () => {
      const item = await anItem(bench, 1);
      const found = await find(bench, item);
      if (found) expect(found.kind).toBe("absent");
      expect(await bench.effects(item)).toBe(0);
    });

    test("after a lost answer the outcome is uncertain, and looking or sending again leads to exactly one effect", async (context) => {
      if (!bench.dropNextAnswer) return context.skip("this bench cannot lose an answer");
      const item = await anItem(bench, 1);
      await bench.dropNextAnswer();
      expect((await sendOne(bench, item)).kind).toBe("uncertain");
      await bench.settle?.();
      await recover(bench, { ...item, attempt: 2 });
      expect(await bench.effects(item)).toBe(1);
    });

    test("a batch has one outcome for each item, in order, and a bad one harms no other", async () => {
      const items = await batchWithABadOne(bench);
      const bad = items.length === 1 ? 0 : Math.floor(items.length / 2);
      const outcomes = await sendAll(bench, items);
      expect(outcomes.map((outcome) => outcome.kind)).toEqual(
        items.map((_, place) => (place === bad ? "rejected" : "done")),
      );
      for (const [place, item] of items.entries()) {
        expect(await bench.effects(item), `effects of item ${place + 1} of ${items.length}`).toBe(
          place === bad ? 0 : 1,
        );
      }
    });

    test("a refusal says what was refused and what to do next", async () => {
      const item = await anItem(bench, 1, await bench.badValue());
      const outcome = await sendOne(bench, item);
      expect(outcome).toMatchObject({ kind: "rejected", reason: expect.stringMatching(/^[a-z][a-z0-9-]*$/) });
      if (outcome.kind !== "rejected") return;
      expect(outcome.message).toMatch(/\S+ \S+/);
      expect(outcome.next).toMatch(/\S+ \S+/);
      expect(`${outcome.message} ${outcome.said ?? ""}`).not.toContain("Traceback");
    });

    test("a server that is gone is unavailable and nothing is applied; back again it works", async (context) => {
      if (!bench.outage) return context.skip("this bench cannot take the server away");
      const item = await anItem(bench, 1);
      await bench.outage(true);
      expect((await sendOne(bench, item)).kind).toBe("unavailable");
      await bench.outage(false);
      expect(await bench.effects(item)).toBe(0);
      expect((await sendOne(bench, { ...item, attempt: 2 })).kind).toBe("done");
      expect(await bench.effects(item)).toBe(1);
    });

    test("a call whose signal is aborted ends, and says at most that it is uncertain", async () => {
      const item = await anItem(bench, 1);
      const stopped = new AbortController();
      stopped.abort(new Error("stopped by the test"));
      const outcome = await sendOne(bench, item, stopped.signal);
      expect(["unavailable", "uncertain"]).toContain(outcome.kind);
      if (outcome.kind === "unavailable") expect(await bench.effects(item)).toBe(0);
    });
  });
}

let counter = 0;

/** A token no other run used: ours must be unique in the other side's memory too. */
function freshToken(): string {
  counter += 1;
  return `t${process.pid.toString(36)}-${Date.now().toString(36)}-${counter.toString(36)}`;
}

async function anItem<T>(bench: TargetBench<T>, n: number, value?: T): Promise<Item<T>> {
  const token = freshToken();
  return { token, key: token, value: value ?? (await bench.value(n)), attempt: 1, receivedTime: Date.now() };
}

async function batchWithABadOne<T>(bench: TargetBench<T>): Promise<Item<T>[]> {
  const size = Math.min(5, bench.target.maxBatch);
  const bad = size === 1 ? 0 : Math.floor(size / 2);
  const items: Item<T>[] = [];
  for (let n = 0; n < size; n++) items.push(await anItem(bench, n + 1, n === bad ? await bench.badValue() : undefined));
  return items;
}

async function sendOne<T>(bench: TargetBench<T>, item: Item<T>, signal = running()): Promise<Outcome> {
  const [outcome] = await sendAll(bench, [item], signal);
  if (!outcome) throw new Error("The target answered no outcome for its only item.");
  return outcome;
}

/** Sends as the engine does: an error thrown holds for all items. */
async function sendAll<T>(bench: TargetBench<T>, items: Item<T>[], signal = running()): Promise<Outcome[]> {
  try {
    const outcomes = await bench.target.send(items, signal);
    expect(outcomes).toHaveLength(items.length);
    return outcomes;
  } catch (error) {
    return items.map(() => outcomeOf(error));
  }
}

function outcomeOf(error: unknown): Outcome {
  if (!(error instanceof LineshaftError)) return { kind: "uncertain", message: String(error) };
  const { message, next, said } = error;
  const told = { message, next, ...(said !== undefined && { said }) };
  if (error instanceof UnavailableError) return { kind: "unavailable", ...told };
  if (error instanceof RejectedError) return { kind: "rejected", reason: error.reason, ...told };
  return { kind: "uncertain", ...told };
}

function receiptOf(outcome: Outcome): string {
  if (outcome.kind !== "done") throw new Error(`Expected done, got ${JSON.stringify(outcome)}`);
  return outcome.receipt;
}

function find<T>(bench: TargetBench<T>, item: Item<T>): Promise<Found> | undefined {
  return bench.target.repeat.find?.(item, running());
}

/** A repeatable target is sent to again and says `already`; one with a look-up is asked. */
async function expectStands<T>(bench: TargetBench<T>, item: Item<T>, receipt: string): Promise<void> {
  const found = await find(bench, item);
  if (found) expect(found).toMatchObject({ kind: "found", receipt });
  if (bench.target.repeat.kind === "repeatable") {
    expect(await sendOne(bench, item)).toMatchObject({ kind: "done", receipt, already: true });
  }
}

async function recover<T>(bench: TargetBench<T>, item: Item<T>): Promise<void> {
  if (bench.target.repeat.kind === "lookup") {
    const found = await find(bench, item);
    if (found?.kind === "found") return;
    expect(found?.kind, "a look-up after the settling time can tell").toBe("absent");
  }
  expect((await sendOne(bench, item)).kind).toBe("done");
}

function running(): AbortSignal {
  return new AbortController().signal;
}
