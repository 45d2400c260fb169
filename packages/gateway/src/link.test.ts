import { once } from "node:events";
import { cpSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { flow } from "@lineshaft/engine";
import { FakeClock, certificatesMissing, eventually, note, type Note } from "@lineshaft/testing";
import { describe, expect, test } from "vitest";
import type { GatewayOrder } from "./index.ts";
import { Link } from "./link.ts";
import { BATCH_PATH, SIGNATURE_HEADER, packBatch, signBatch } from "./wire.ts";
import { LinkBed, upTo } from "./testing/bed.ts";

const HOUR_MS = 3_600_000;

describe.skipIf(certificatesMissing())("facts go up", () => {
  test("in their order, each once, under the gateway's name", async () => {
    await using bed = await LinkBed.open({ limits: { batchFacts: 40 } });
    await bed.startGateway();
    await bed.push(1, 250);
    await bed.caughtUp();
    expect(await bed.notes()).toEqual(upTo(250));
    const [first] = await bed.messages();
    expect(first).toMatchObject({ source: "gateways", sourceId: "client:n-1", contract: "note.v1" });
    expect(first?.origin).toContain("gateway client, fact 1, recorded there 2026-01-05T06:00:00.000Z");
    expect(bed.gateway?.status()).toMatchObject({ link: { state: "up", skewMs: 0 }, buffer: { facts: 0 } });
    expect((await bed.ledger.totals()).duplicates).toBe(0);
  });

  test("after a cut that lasted, with what was recorded meanwhile", async () => {
    await using bed = await LinkBed.open({ limits: { batchFacts: 40 } });
    bed.line.refusing = true;
    await bed.startGateway();
    await bed.push(1, 100);
    await bed.until("the link is down", () => bed.gateway?.status().link.state === "down");
    expect(bed.gateway?.status()).toMatchObject({ buffer: { facts: 100, oldest: Date.UTC(2026, 0, 5, 6) } });
    bed.line.heal();
    await bed.caughtUp();
    expect(await bed.notes()).toEqual(upTo(100));
  });

  test.each(["there", "back", "both"] as const)(
    "over a line that goes silent (%s) without telling anybody",
    async (direction) => {
      await using bed = await LinkBed.open({ limits: { batchFacts: 10, requestMs: 30_000 } });
      await bed.startGateway();
      await bed.push(1, 5);
      await bed.caughtUp();
      bed.line.swallow(direction);
      await bed.push(6, 60);
      // Nobody answers, and only the time limit says so.
      await bed.until("a request is under way", () => bed.clock.timers > 0);
      bed.line.heal();
      await bed.until("it is given up", async () => {
        await bed.clock.advance(1_000);
        return bed.gateway?.status().link.state === "down";
      });
      await bed.caughtUp();
      expect(await bed.notes()).toEqual(upTo(60));
      expect((await bed.ledger.totals()).duplicates).toBe(0);
    },
  );

  test("over a line that breaks again and again", async () => {
    await using bed = await LinkBed.open({ limits: { batchFacts: 10 } });
    await bed.startGateway();
    for (let round = 0; round < 20; round++) {
      const pushed = bed.push(round * 25 + 1, round * 25 + 25);
      bed.line.reset();
      await pushed;
    }
    await bed.caughtUp();
    expect(await bed.notes()).toEqual(upTo(500));
    expect((await bed.ledger.totals()).duplicates).toBe(0);
  });

  test("through restarts of the hub and of the gateway", async () => {
    await using bed = await LinkBed.open({ limits: { batchFacts: 10 } });
    await bed.startGateway();
    await bed.push(1, 35);
    await bed.stopHub();
    await bed.push(36, 70);
    await bed.stopGateway();
    await bed.startGateway();
    await bed.push(71, 90);
    await bed.startHub();
    await bed.caughtUp();
    expect(await bed.notes()).toEqual(upTo(90));
    expect(await bed.gaps()).toEqual([]);
  });

  test("a hub stops though somebody is connected who says nothing", async () => {
    await using bed = await LinkBed.open();
    const silent = connect(bed.line.to.port, "127.0.0.1");
    await once(silent, "connect");
    const closed = once(silent, "close");
    const stopped = bed.stopHub();
    await eventually("the silent one is cut off", async () => {
      await bed.clock.advance(1_000);
      return silent.destroyed;
    });
    await Promise.all([closed, stopped]);
  });

  test("what breaks its contract is kept at the hub as evidence, and holds up nothing", async () => {
    await using bed = await LinkBed.open();
    await bed.startGateway({ contracts: [note] });
    await bed.push(1, 2);
    expect(await bed.source.push(3, { raw: '{"id":3}' })).toMatchObject({ kind: "refused" });
    await bed.push(4, 4);
    await bed.caughtUp();
    expect(await bed.notes()).toEqual([1, 2, 4]);
    expect(await bed.ledger.refusals({ after: 0, limit: 10 })).toHaveLength(1);
  });

  test("a refused fact at the end of a batch moves the place as well", async () => {
    await using bed = await LinkBed.open({ limits: { batchFacts: 2 } });
    await bed.startGateway();
    await Promise.all([bed.source.push(1), bed.source.push(2, { raw: "{" }), bed.source.push(3)]);
    await bed.caughtUp();
    expect(await bed.notes()).toEqual([1, 3]);
    expect(await bed.ledger.refusals({ after: 0, limit: 10 })).toHaveLength(1);
  });

  test("one that is too long for the hub goes up cut, is refused there, and holds up nothing", async () => {
    await using bed = await LinkBed.open();
    await bed.startGateway();
    const raw = JSON.stringify({ id: "n-2", key: "k", text: "x".repeat(12_000_000) });
    expect(await bed.source.push(2, { raw })).toMatchObject({ kind: "refused" });
    await bed.push(3, 3);
    await bed.caughtUp();
    expect(await bed.notes()).toEqual([3]);
    const [refusal] = await bed.ledger.refusals({ after: 0, limit: 10 });
    expect(refusal?.receivedBytes).toBe(65_536);
  });

  test("a source's place is on the gateway's disk with its fact", async () => {
    await using bed = await LinkBed.open();
    await bed.startGateway();
    await bed.source.push(1, { cursor: { name: "poll", value: "7" } });
    await bed.stopGateway();
    await bed.startGateway();
    expect(await bed.source.place("poll")).toBe("7");
  });

  test("a clock that jumps back or ahead changes nothing of order and number", async () => {
    await using bed = await LinkBed.open({ limits: { batchFacts: 10 } });
    let jump = 0;
    const { clock } = bed;
    await bed.startGateway(
      {},
      {
        clock: {
          now: () => clock.now() + jump,
          sleep: (ms, signal) => clock.sleep(ms, signal),
          after: (ms, run) => clock.after(ms, run),
        },
      },
    );
    await bed.push(1, 15);
    await bed.caughtUp();
    jump = -86_400_000;
    await bed.push(16, 30);
    await bed.caughtUp();
    expect(bed.gateway?.status().link.skewMs).toBe(86_400_000);
    jump = 86_400_000;
    await bed.push(31, 45);
    await bed.caughtUp();
    expect(await bed.notes()).toEqual(upTo(45));
    expect(bed.gateway?.status().link.skewMs).toBe(-86_400_000);
  });
});

describe.skipIf(certificatesMissing())("a gateway whose buffer is full", () => {
  test.each([
    ["right", 0],
    ["half a day ahead", 12 * HOUR_MS],
    ["that was never set", -56 * 365 * 24 * HOUR_MS],
  ])("and whose clock is %s has what it shed told in the hub's time", async (_how, wrongMs) => {
    await using bed = await LinkBed.open({ limits: { batchFacts: 50, bufferBytes: 700_000 } });
    const { clock } = bed;
    bed.line.refusing = true;
    await bed.startGateway(
      {},
      {
        clock: {
          now: () => clock.now() + wrongMs,
          sleep: (ms, signal) => clock.sleep(ms, signal),
          after: (ms, run) => clock.after(ms, run),
        },
      },
    );
    const filler = "x".repeat(2_000);
    for (let n = 1; n <= 400; n++)
      await bed.source.push(n, { raw: JSON.stringify({ id: `n-${n}`, key: "k", n, text: filler }) });
    const shed = bed.gateway?.buffer.shed ?? 0;
    expect(shed).toBeGreaterThan(0);
    bed.line.heal();
    await bed.untilWrong("all is at the hub", wrongMs, () => bed.gateway?.buffer.facts === 0);
    expect(await bed.notes()).toHaveLength(400 - shed);
    expect((await bed.gaps()).map((gap) => Number(/(\d+) telemetry/.exec(gap)?.[1])).reduce((a, b) => a + b)).toBe(
      shed,
    );
    const told = (await bed.messages()).find(({ contract }) => contract === "equipment-event.v1");
    expect(told?.eventTime).toBeLessThanOrEqual(clock.now());
    expect(told?.eventTime).toBeGreaterThan(clock.now() - HOUR_MS);
    expect(await bed.ledger.refusals({ after: 0, limit: 10 })).toEqual([]);
  });
});

describe.skipIf(certificatesMissing())("a hub that is older than what it confirmed", () => {
  test("gets again what the gateway still has, and is told of what is gone", async () => {
    await using bed = await LinkBed.open({ limits: { batchFacts: 10 } });
    await bed.startGateway();
    await bed.push(1, 30);
    await bed.caughtUp();
    await bed.stopHub();
    cpSync(bed.ledgerPath, `${bed.ledgerPath}.old`);
    await bed.startHub();
    await bed.push(31, 60);
    await bed.caughtUp();
    await bed.stopHub();
    for (const end of ["", "-wal", "-shm"]) rmSync(`${bed.ledgerPath}${end}`, { force: true });
    cpSync(`${bed.ledgerPath}.old`, bed.ledgerPath);
    await bed.push(61, 90);
    await bed.startHub();
    await bed.caughtUp();
    expect(await bed.notes()).toEqual([...upTo(30), ...upTo(30).map((n) => n + 60)]);
    expect(await bed.gaps()).toEqual([expect.stringContaining("needs facts 31 to 60 again") as string]);
  });

  test("a hub with a new ledger is told that all is gone, and goes on", async () => {
    await using bed = await LinkBed.open();
    await bed.startGateway();
    await bed.push(1, 3);
    await bed.caughtUp();
    await bed.stopHub();
    for (const end of ["", "-wal", "-shm"]) rmSync(`${bed.ledgerPath}${end}`, { force: true });
    await bed.startHub();
    await bed.push(4, 5);
    await bed.caughtUp();
    expect(await bed.notes()).toEqual([4, 5]);
    expect(await bed.gaps()).toEqual([expect.stringContaining("needs facts 1 to 3 again") as string]);
  });
});

describe.skipIf(certificatesMissing())("a gateway's file that is older than what it sent", () => {
  test("counts anew, so that nothing recorded since is taken for something known", async () => {
    await using bed = await LinkBed.open({ limits: { batchFacts: 10 } });
    await bed.startGateway();
    await bed.push(1, 10);
    await bed.caughtUp();
    await bed.stopGateway();
    cpSync(bed.bufferPath, `${bed.bufferPath}.old`);
    await bed.startGateway();
    await bed.push(11, 20);
    await bed.caughtUp();
    await bed.stopGateway();
    for (const end of ["", "-wal"]) rmSync(`${bed.bufferPath}${end}`, { force: true });
    cpSync(`${bed.bufferPath}.old`, bed.bufferPath);
    bed.line.refusing = true;
    await bed.startGateway();
    await bed.push(21, 25);
    // A second start before the hub could be asked does not forget where the file ended.
    await bed.stopGateway();
    await bed.startGateway();
    await bed.push(26, 45);
    bed.line.heal();
    await bed.caughtUp();
    expect(await bed.notes()).toEqual(upTo(45));
    expect((await bed.ledger.totals()).duplicates).toBe(0);
    expect(await bed.gaps()).toEqual([expect.stringContaining("counts its facts anew, after number 20") as string]);
  });

  test("that was made anew starts at 1 under another epoch, and the hub says so", async () => {
    await using bed = await LinkBed.open();
    await bed.startGateway();
    await bed.push(1, 5);
    await bed.caughtUp();
    const epoch = bed.gateway?.buffer.epoch;
    await bed.stopGateway();
    for (const end of ["", "-wal"]) rmSync(`${bed.bufferPath}${end}`, { force: true });
    await bed.startGateway();
    expect(bed.gateway?.buffer.epoch).not.toBe(epoch);
    await bed.push(6, 8);
    await bed.caughtUp();
    expect(await bed.notes()).toEqual(upTo(8));
    expect(await bed.gaps()).toEqual([expect.stringContaining("counts its facts anew, after number 5") as string]);
  });
});

describe.skipIf(certificatesMissing())("a hub refuses in a sentence", () => {
  test("a gateway that it does not know", async () => {
    await using bed = await LinkBed.open({ gateways: [{ name: "hamburg" }] });
    await bed.startGateway();
    await bed.push(1, 1);
    await bed.until("it is refused", () => bed.gateway?.status().link.state === "refused");
    expect(bed.gateway?.status().link.message).toContain("This hub knows no gateway client. Add it to `gateways`");
    expect(bed.gateway?.buffer.facts).toBe(1);
  });

  test("a certificate that is not the pinned one", async () => {
    await using bed = await LinkBed.open({ gateways: [{ name: "client", fingerprint: "00:11" }] });
    await bed.startGateway();
    await bed.until("it is refused", () => bed.gateway?.status().link.state === "refused");
    expect(bed.gateway?.status().link.message).toContain("another certificate than the one that is pinned");
  });

  test.each([
    ["unsigned", (batch: Buffer) => ({ body: batch, signature: "" })],
    ["changed on its way", (batch: Buffer, signature: string) => ({ body: Buffer.concat([batch, batch]), signature })],
  ])("a batch that is %s", async (_what, spoil) => {
    await using bed = await LinkBed.open();
    const { hub, tls } = bed.definition();
    const link = new Link({ hub, tls, clock: bed.clock });
    const head = { gateway: "client", epoch: "e", first: 1, last: 1, facts: 1, sentAt: 0 };
    const fact = { seq: 1, telemetry: false, receivedTime: 0, contract: "note.v1", raw: "{}" };
    const batch = packBatch(head, [fact], 0).body;
    const { body, signature } = spoil(batch, signBatch(link.key, "client", batch));
    const headers = { [SIGNATURE_HEADER]: signature };
    const signal = AbortSignal.timeout(20_000);
    const answer = await link.send({ method: "POST", path: BATCH_PATH, headers, body, limitMs: 20_000 }, signal);
    link.reset();
    expect(answer).toMatchObject({ status: 403, body: { kind: "refused", reason: "bad-signature" } });
    expect(await bed.ledger.totals()).toMatchObject({ messages: 0, refusals: 0 });
  });

  test("a gap in the numbers is answered with what is needed, and nothing of it is taken", async () => {
    await using bed = await LinkBed.open();
    const { hub, tls } = bed.definition();
    const link = new Link({ hub, tls, clock: bed.clock });
    const send = async (first: number, last: number) => {
      const facts = upTo(last - first + 1).map((at) => {
        const raw = JSON.stringify({ id: `n-${first + at - 1}`, key: "k" });
        return { seq: first + at - 1, telemetry: false, receivedTime: 0, contract: "note.v1", raw };
      });
      const head = { gateway: "client", epoch: "e", first, last, facts: facts.length, sentAt: 0 };
      const { body } = packBatch(head, facts, 0);
      const headers = { [SIGNATURE_HEADER]: signBatch(link.key, "client", body) };
      const signal = AbortSignal.timeout(20_000);
      return (await link.send({ method: "POST", path: BATCH_PATH, headers, body, limitMs: 20_000 }, signal)).body;
    };
    expect(await send(1, 3)).toMatchObject({ kind: "accepted", through: 3 });
    expect(await send(5, 6)).toMatchObject({ kind: "need", from: 4 });
    expect(await send(1, 3)).toMatchObject({ kind: "accepted", through: 3 });
    expect(await send(2, 5)).toMatchObject({ kind: "accepted", through: 5 });
    link.reset();
    expect(await bed.notes()).toEqual(upTo(5));
    expect((await bed.ledger.totals()).duplicates).toBe(0);
  });

  test("a certificate that has expired meanwhile", async () => {
    await using bed = await LinkBed.open();
    await bed.startGateway();
    await bed.push(1, 1);
    await bed.caughtUp();
    await bed.stopHub();
    await bed.startHub(new FakeClock(Date.now() + 400 * 86_400_000));
    await bed.push(2, 2);
    await bed.until("it is refused", () => bed.gateway?.status().link.state === "refused");
    expect(bed.gateway?.status().link.message).toMatch(
      /The certificate of client expired on .*Enrol the gateway again/,
    );
    expect(bed.gateway?.buffer.facts).toBe(1);
  });
});

describe.skipIf(certificatesMissing())("orders go down", () => {
  const downwards = () => {
    const taken: GatewayOrder[] = [];
    const options = {
      flows: (intake: ReturnType<typeof import("./index.ts").gatewayIntake>) => {
        const target = intake.gateway({ name: "to-client", gateway: "client" });
        const notes = flow("down", note).to(target.order, (it: Note) => it);
        return { systems: [target], flows: [notes] };
      },
    };
    const consumer = {
      name: "running-order",
      take: (order: GatewayOrder) => {
        taken.push(order);
        return Promise.resolve();
      },
    };
    return { taken, options, consumer };
  };
  const order = (n: number) => ({ contract: "note.v1", raw: JSON.stringify({ id: `o-${n}`, key: "MO-1", n }) });
  const numbers = (taken: readonly GatewayOrder[]) => taken.map(({ value }) => (value as Note).n);

  test("in their order, and are done when they are on the gateway's disk", async () => {
    const { taken, options, consumer } = downwards();
    await using bed = await LinkBed.open(options);
    await bed.startGateway({ consumers: [consumer] });
    for (const n of upTo(5)) await bed.hub?.intake("erp").record(order(n));
    await bed.until("all are taken", () => taken.length === 5);
    expect(numbers(taken)).toEqual(upTo(5));
    await bed.until("all are done", async () =>
      (await bed.ledger.deliveries({ limit: 10 })).every(({ state }) => state === "done"),
    );
  });

  test("each once, over a line that breaks and a gateway that starts again", async () => {
    const { taken, options, consumer } = downwards();
    await using bed = await LinkBed.open(options);
    await bed.startGateway({ consumers: [consumer] });
    for (const n of upTo(20)) {
      await bed.hub?.intake("erp").record(order(n));
      if (n % 3 === 0) bed.line.reset();
      if (n === 10) {
        await bed.stopGateway();
        await bed.startGateway({ consumers: [consumer] });
      }
    }
    await bed.until("all are taken", async () => {
      await bed.clock.advance(500);
      return taken.length >= 20;
    });
    expect(numbers(taken)).toEqual(upTo(20));
  });

  test("a gateway without consumers leaves them at the hub, which says so", async () => {
    const { options } = downwards();
    await using bed = await LinkBed.open(options);
    await bed.startGateway();
    await bed.hub?.intake("erp").record(order(1));
    expect(await bed.hub?.check("to-client", AbortSignal.timeout(5_000))).toMatchObject({
      ok: false,
      message: "Gateway client does not ask for orders.",
    });
    await bed.until("it is given back, and waits", async () => {
      await bed.clock.advance(1_000);
      const [delivery] = await bed.ledger.deliveries({ limit: 1 });
      return delivery?.state === "pending" && delivery.attempts > 0;
    });
  });

  test("an order that its consumer fails on comes again, and those after it wait", async () => {
    const { taken, options, consumer } = downwards();
    await using bed = await LinkBed.open(options);
    let failures = 2;
    const take = (it: GatewayOrder) => (failures-- > 0 ? Promise.reject(new Error("not now")) : consumer.take(it));
    await bed.startGateway({ consumers: [{ ...consumer, take }] });
    for (const n of upTo(3)) await bed.hub?.intake("erp").record(order(n));
    await bed.until("all are taken", async () => {
      await bed.clock.advance(500);
      return taken.length === 3;
    });
    expect(numbers(taken)).toEqual(upTo(3));
  });
});
