import { type Item, silentLog } from "@lineshaft/core";
import { FakeClock, RecordingIntake, settled } from "@lineshaft/testing";
import { expect, test } from "vitest";
import { Outbox } from "./outbox.ts";

const never = new AbortController().signal;

function anOutbox() {
  const clock = new FakeClock();
  const outbox = new Outbox("hamburg", { clock, log: silentLog });
  outbox.open(new RecordingIntake());
  const outcomes: string[] = [];
  const offer = (token: string) => {
    const item: Item<unknown> = { token, key: token, value: 1, attempt: 1, receivedTime: 0 };
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
