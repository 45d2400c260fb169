import type { Ledger, Reference } from "@lineshaft/core";
import { FakeClock, settled } from "@lineshaft/testing";
import { expect, test } from "vitest";
import { KnownObjects } from "./known-objects.ts";

const order = { contract: "production-order.v1", object: "MO-1" };

test("facts that come together and ask for the same share one read, and later ones need none", async () => {
  const { known, reads, answer } = aStore();
  const first = Promise.all([known.answer(ask(order)), known.answer(ask(order)), known.answer(ask(order))]);
  expect(reads).toEqual(["MO-1"]);
  answer(`{"quantity":40}`);
  expect(await first).toEqual([{ quantity: 40 }, { quantity: 40 }, { quantity: 40 }]);
  expect(known.answer(ask(order))).toEqual({ quantity: 40 });
  expect(reads).toEqual(["MO-1"]);
});

test("that nothing is known is remembered as well", async () => {
  const { known, reads, answer } = aStore();
  const first = known.answer(ask(order));
  answer(undefined);
  expect(await first).toBeUndefined();
  expect(known.answer(ask(order))).toBeUndefined();
  expect(reads).toHaveLength(1);
});

test("what was read before a newer state was accepted is not believed", async () => {
  const { known, reads, answer } = aStore();
  const first = known.answer(ask(order));
  known.forget(order);
  answer(`{"quantity":40}`);
  await settled();
  expect(reads).toHaveLength(2);
  answer(`{"quantity":50}`);
  expect(await first).toEqual({ quantity: 50 });
});

test("is read again after a while, because another worker may know better", async () => {
  const { known, reads, answer, clock } = aStore();
  const first = known.answer(ask(order));
  answer(`{"quantity":40}`);
  await first;
  await clock.advance(15_000);
  const later = known.answer(ask(order));
  expect(reads).toHaveLength(2);
  answer(`{"quantity":50}`);
  expect(await later).toEqual({ quantity: 50 });
});

test("a read that fails is told to all who wait, and tried again by the next", async () => {
  const { known, reads, answer, fail } = aStore();
  const both = Promise.allSettled([known.answer(ask(order)), known.answer(ask(order))]);
  fail(new Error("disk"));
  expect((await both).map((it) => it.status)).toEqual(["rejected", "rejected"]);
  const next = known.answer(ask(order));
  answer(`{"quantity":40}`);
  expect(await next).toEqual({ quantity: 40 });
  expect(reads).toHaveLength(2);
});

function ask(reference: Reference) {
  return (known: (reference: Reference) => unknown) => known(reference);
}

/** A ledger whose reads are answered by the test, the oldest first. */
function aStore() {
  const reads: string[] = [];
  const waiting: PromiseWithResolvers<string | undefined>[] = [];
  const ledger = {
    latest: (_contract: string, object: string) => {
      reads.push(object);
      const read = Promise.withResolvers<string | undefined>();
      waiting.push(read);
      return read.promise;
    },
  } as unknown as Ledger;
  const clock = new FakeClock();
  return {
    clock,
    reads,
    known: new KnownObjects(ledger, clock),
    answer: (canonical: string | undefined) => waiting.shift()?.resolve(canonical),
    fail: (error: Error) => waiting.shift()?.reject(error),
  };
}
