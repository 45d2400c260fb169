import type { LatestQuery, Ledger, Reference } from "@lineshaft/core";
import { FakeClock, settled } from "@lineshaft/testing";
import { expect, test } from "vitest";
import { KnownObjects } from "./known-objects.ts";

const order = { contract: "production-order.v1", object: "MO-1" };
const other = { contract: "production-order.v1", object: "MO-2" };

test("facts that come together share one read, whatever they ask for, and later ones need none", async () => {
  const { known, reads, answer } = aStore();
  const first = Promise.all([known.answer(ask(order)), known.answer(ask(order)), known.answer(ask(other))]);
  await settled();
  expect(reads).toEqual([["MO-1", "MO-2"]]);
  answer({ "MO-1": { quantity: 40 }, "MO-2": { quantity: 7 } });
  expect(await first).toEqual([{ quantity: 40 }, { quantity: 40 }, { quantity: 7 }]);
  expect(known.answer(ask(order))).toEqual({ quantity: 40 });
  expect(reads).toHaveLength(1);
});

test("what is asked for during a read is read together afterwards, so much at a time", async () => {
  const { known, reads, answer } = aStore();
  const first = known.answer(ask(order));
  await settled();
  const later = Promise.all(Array.from({ length: 501 }, (_, at) => known.answer(ask({ ...order, object: `L-${at}` }))));
  await settled();
  expect(reads).toEqual([["MO-1"]]);
  answer({});
  await first;
  await settled();
  answer({ "L-0": 1 });
  await settled();
  answer({ "L-500": 2 });
  const found = await later;
  expect([found[0], found[1], found[500]]).toEqual([1, undefined, 2]);
  expect(reads.map((objects) => objects.length)).toEqual([1, 500, 1]);
});

test("what rules of one contract wait for keeps no other contract's waiting", async () => {
  const { known, reads } = aStore();
  void known.answer(ask(order));
  await settled();
  void known.answer(ask({ ...order, contract: "product.v1" }));
  await settled();
  expect(reads).toHaveLength(2);
});

test("that nothing is known is remembered as well", async () => {
  const { known, reads, answer } = aStore();
  const first = known.answer(ask(order));
  await settled();
  answer({});
  expect(await first).toBeUndefined();
  expect(known.answer(ask(order))).toBeUndefined();
  expect(reads).toHaveLength(1);
});

test("what was read before a newer state was accepted is not believed", async () => {
  const { known, reads, answer } = aStore();
  const first = known.answer(ask(order));
  await settled();
  known.forget(order);
  answer({ "MO-1": { quantity: 40 } });
  await settled();
  expect(reads).toHaveLength(2);
  answer({ "MO-1": { quantity: 50 } });
  expect(await first).toEqual({ quantity: 50 });
});

test("is read again after a while, because another worker may know better", async () => {
  const { known, reads, answer, clock } = aStore();
  const first = known.answer(ask(order));
  await settled();
  answer({ "MO-1": { quantity: 40 } });
  await first;
  await clock.advance(15_000);
  const later = known.answer(ask(order));
  await settled();
  expect(reads).toHaveLength(2);
  answer({ "MO-1": { quantity: 50 } });
  expect(await later).toEqual({ quantity: 50 });
});

test("a read that fails is told to all who wait, and tried again by the next", async () => {
  const { known, reads, answer, fail } = aStore();
  const both = Promise.allSettled([known.answer(ask(order)), known.answer(ask(other))]);
  await settled();
  fail(new Error("disk"));
  expect((await both).map((it) => it.status)).toEqual(["rejected", "rejected"]);
  const next = known.answer(ask(order));
  await settled();
  answer({ "MO-1": { quantity: 40 } });
  expect(await next).toEqual({ quantity: 40 });
  expect(reads).toHaveLength(2);
});

function ask(reference: Reference) {
  return (known: (reference: Reference) => unknown) => known(reference);
}

/** A ledger whose reads are answered by the test, the oldest first. */
function aStore() {
  const reads: (readonly string[])[] = [];
  const waiting: PromiseWithResolvers<Map<string, string>>[] = [];
  const ledger = {
    latest: ({ objects }: LatestQuery) => {
      reads.push(objects);
      const read = Promise.withResolvers<Map<string, string>>();
      waiting.push(read);
      return read.promise;
    },
  } as unknown as Ledger;
  const clock = new FakeClock();
  return {
    clock,
    reads,
    known: new KnownObjects(ledger, clock),
    answer: (found: Record<string, unknown>) =>
      waiting.shift()?.resolve(new Map(Object.entries(found).map(([object, told]) => [object, JSON.stringify(told)]))),
    fail: (error: Error) => waiting.shift()?.reject(error),
  };
}
