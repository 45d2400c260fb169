import { silentLog, systemClock } from "@lineshaft/core";
import type { Source } from "@lineshaft/core";
import { eventually, seededRandom, settled, sourceCases } from "@lineshaft/testing";
import type { SourceBed } from "@lineshaft/testing";
import { describe, expect, test } from "vitest";
import { httpIntake } from "./index.ts";
import { openHttpBed, reading } from "./testing/bed.ts";
import { freePort } from "@lineshaft/testing/free-port";

/** A sender as it should be: one fact after the other, each again until it has an answer that is not "come back". */
class Sender {
  acknowledged = 0;
  readonly #url: string;
  readonly #queue: (string | Uint8Array)[] = [];
  #sending = Promise.resolve();
  #stopped = false;

  constructor(url: string) {
    this.#url = url;
  }

  publish(raw: string | Uint8Array): void {
    this.#queue.push(raw);
    this.#sending = this.#sending.then(() => this.#sendNext());
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#sending;
  }

  async #sendNext(): Promise<void> {
    const raw = this.#queue.shift() ?? "";
    while (!this.#stopped) {
      if (await this.#accepted(raw)) {
        this.acknowledged++;
        return;
      }
      await settled();
    }
  }

  async #accepted(raw: string | Uint8Array): Promise<boolean> {
    try {
      const headers = { "content-type": "application/json" };
      const response = await fetch(this.#url, { method: "POST", body: Buffer.from(raw), headers });
      await response.arrayBuffer();
      return response.status < 500;
    } catch (error) {
      // fetch says so when the other side is not there or hangs up: the sender comes again.
      if (error instanceof TypeError) return false;
      throw error;
    }
  }
}

async function openBed(): Promise<SourceBed> {
  const port = await freePort();
  const system = await httpIntake({ name: "http", port, contracts: [reading], limits: { drainMs: 100 } }).open({
    clock: systemClock,
    random: seededRandom(1),
    log: silentLog,
  });
  const sender = new Sender(`http://127.0.0.1:${port}/v1/facts/reading.v1`);
  return {
    source: sourceOf(system),
    publish: (raw) => sender.publish(raw),
    acknowledged: () => sender.acknowledged,
    dispose: () => sender.stop(),
  };
}

function sourceOf(system: { sources: Readonly<Record<string, Source>> }): Source {
  const source = system.sources["intake"];
  if (source === undefined) throw new Error("the system has no source");
  return source;
}

sourceCases("HTTP", openBed);

describe("stopping", () => {
  test("finishes the requests in flight and takes no new ones", async () => {
    await using bed = await openHttpBed();
    bed.intake.hold();
    const response = bed.post("/v1/facts/reading.v1", JSON.stringify({ id: "R-1", value: 1 }));
    await eventually("the fact is handed over", () => bed.intake.waiting === 1);
    const stopped = bed.running.stop();
    bed.intake.release();
    expect((await response).status).toBe(202);
    await stopped;
    await expect(bed.post("/v1/facts/reading.v1", "{}")).rejects.toThrow("fetch failed");
  });

  test("tells those whose fact does not reach the disk in time to come again", async () => {
    await using bed = await openHttpBed({ limits: { drainMs: 50 } });
    bed.intake.hold();
    const response = bed.post("/v1/facts/reading.v1", JSON.stringify({ id: "R-1", value: 1 }));
    await eventually("the fact is handed over", () => bed.intake.waiting === 1);
    await bed.running.stop();
    const answer = await response;
    expect(answer.status).toBe(503);
    expect(answer.headers.get("retry-after")).toBe("5");
    expect(await answer.json()).toMatchObject({ code: "stopping" });
    expect(bed.inFlight()).toBe(0);
  });
});

describe("check", () => {
  test("names the port another program has", async () => {
    await using other = await openHttpBed();
    const port = Number(new URL(other.url).port);
    const system = await httpIntake({ name: "http", port, contracts: [reading] }).open({
      clock: systemClock,
      random: seededRandom(1),
      log: silentLog,
    });
    const health = await system.check(AbortSignal.timeout(5_000));
    expect(health).toMatchObject({ ok: false, next: "Stop the program that has the port, or take another." });
    await expect(sourceOf(system).run(other.intake, AbortSignal.timeout(5_000))).rejects.toMatchObject({
      code: "system-unavailable",
      message: `HTTP intake http cannot listen on 127.0.0.1:${port}.`,
    });
  });
});
