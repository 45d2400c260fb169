import { type Item, silentLog } from "@lineshaft/core";
import { FakeClock, RecordingIntake, settled } from "@lineshaft/testing";
import { expect, test } from "vitest";
import { ANSWER_BYTES } from "./limits.ts";
import { Outbox } from "./outbox.ts";

const never = new AbortController().signal;

function anOutbox() {
  const clock = new FakeClock();
  const outbox = new Outbox("hamburg", { clock, log: silentLog });
  outbox.open(new RecordingIntake());
  const outcomes: string[] = [];
  const offer = (token: string, value: unknown = 1) => {
    const item: Item<unknown> = { token, key: token, value, attempt: 1, receivedTime: 0 };
    void outbox.offer([item], never).then(([outcome]) => outcomes.push(`${token} ${outcome?.kind}`));
  };
  return { clock, outbox, outcomes, offer };
}

const tokens = ({ orders }: Awaited<ReturnType<Outbox["take"]>>) => orders.map(({ token }) => token);

test("an answer that was lost on the way settles nothing, and what was in it is handed out again", async () => {
  const { outbox, outcomes, offer } = anOutbox();
  offer("a");
  const first = await outbox.take({ run: "", after: 0, waitMs: 1_000 }, never);
  offer("b");
  // The gateway knows this run from an earlier answer, and not the last one.
  const again = await outbox.take({ run: first.run, after: 0, waitMs: 1_000 }, never);
  expect([tokens(first), tokens(again)]).toEqual([["a"], ["a", "b"]]);
  await settled();
  expect(outcomes).toEqual([]);
  await outbox.take({ run: again.run, after: again.orders.at(-1)?.n ?? 0, waitMs: 0 }, never);
  await settled();
  expect(outcomes).toEqual(["a done", "b done"]);
});

test("a request that the gateway gave up gets nothing once it asks again", async () => {
  const { outbox, outcomes, offer } = anOutbox();
  const givenUp = outbox.take({ run: "", after: 0, waitMs: 60_000 }, never);
  await settled();
  const next = outbox.take({ run: "", after: 0, waitMs: 60_000 }, never);
  await settled();
  offer("a");
  expect([tokens(await givenUp), tokens(await next)]).toEqual([[], ["a"]]);
  expect(outcomes).toEqual([]);
});

test("one that was not handed out was not fetched, and one that was may be there", async () => {
  const { clock, outbox, outcomes, offer } = anOutbox();
  offer("a");
  await outbox.take({ run: "", after: 0, waitMs: 0 }, never);
  offer("b");
  await clock.advance(60_000);
  expect(outcomes).toEqual(["a uncertain", "b unavailable"]);
});

test("an answer is no longer than a gateway reads, and an order that is too long by itself goes alone", async () => {
  const { outbox, offer } = anOutbox();
  const long = "x".repeat(1_000_000);
  for (let n = 0; n < 10; n++) offer(`long ${n}`, long);
  const first = await outbox.take({ run: "", after: 0, waitMs: 0 }, never);
  expect(tokens(first)).toEqual(["long 0", "long 1", "long 2", "long 3"]);
  expect(JSON.stringify(first).length).toBeLessThan(ANSWER_BYTES);
  const next = await outbox.take({ run: first.run, after: first.orders.at(-1)?.n ?? 0, waitMs: 0 }, never);
  expect(tokens(next)[0]).toBe("long 4");

  const other = anOutbox();
  other.offer("too long", "x".repeat(5_000_000));
  other.offer("short", 1);
  expect(tokens(await other.outbox.take({ run: "", after: 0, waitMs: 0 }, never))).toEqual(["too long"]);
});
