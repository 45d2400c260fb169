import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually, tagSourceCases } from "@lineshaft/testing";
import { FaultProxy } from "@lineshaft/testing/fault-proxy";
import { describe, expect, test } from "vitest";
import { PkiFolder } from "./pki-folder.ts";
import { caseBedOf, named, read } from "./testing/bed.ts";
import type { Reading } from "./testing/bed.ts";
import { Open62541Server, open62541Program } from "./testing/open62541.ts";

const program = open62541Program ?? "";
const stood = (reading: Reading) => () => [String(reading.failure()), ...reading.logged, reading.observer.gaps];
const series = (from: number, count: number, at: number) =>
  Array.from({ length: count }, (_, index) => ({ node: "kept", value: from + index, at: at + index }));
const numbers = (from: number, count: number) => Array.from({ length: count }, (_, index) => from + index);

describe.skipIf(program === "")("a server on open62541 (skipped where LINESHAFT_OPEN62541 names none)", () => {
  tagSourceCases("OPC UA from open62541", async () => caseBedOf(await Open62541Server.open(program)));

  test.each([
    { mode: "Sign", policy: "Basic256Sha256" },
    { mode: "SignAndEncrypt", policy: "Aes256_Sha256_RsaPss" },
  ] as const)("is read by $mode with $policy once its certificate is trusted", async (security) => {
    await using server = await Open62541Server.open(program);
    const pki = mkdtempSync(join(tmpdir(), "lineshaft-pki-"));
    try {
      await server.set({ node: "temperature", value: 21.5 });
      const options = { endpoint: server.endpoint, nodes: named("temperature"), security, pki };
      {
        await using stranger = read(options);
        await eventually("it is not trusted", () => stranger.failure() !== undefined, stood(stranger));
        expect(stranger.failure()).toMatchObject({
          message: expect.stringContaining("nobody has trusted it") as string,
        });
      }
      const folder = new PkiFolder(pki);
      for (const certificate of folder.list("rejected")) folder.trust(certificate);
      await using reading = read(options);
      await eventually("it reads", () => reading.observer.last("temperature")?.value === 21.5, stood(reading));
    } finally {
      rmSync(pki, { recursive: true, force: true });
    }
  });

  test("what changes while the connection is cut comes from its history, and the gap is told as filled", async () => {
    await using server = await Open62541Server.open(program);
    await using proxy = await FaultProxy.open({ port: server.port });
    await using reading = read({ endpoint: `opc.tcp://127.0.0.1:${proxy.port}`, nodes: named("kept") });
    const { observer } = reading;
    await eventually("it listens", () => observer.listened === 1, stood(reading));
    const at = Date.now();
    await server.set(...series(1, 5, at));
    await eventually("the first arrive", () => observer.last("kept")?.value === 5, stood(reading));
    proxy.refusing = true;
    proxy.reset();
    await eventually("it is stale", () => observer.last("kept")?.quality === "stale", stood(reading));
    await server.set(...series(6, 300, at + 100));
    proxy.heal();
    await eventually("the newest arrives", () => observer.last("kept")?.value === 305, stood(reading));
    await eventually("the gap is told", () => observer.gaps.length > 0, stood(reading));
    expect(observer.gaps[0]).toMatchObject({ tags: ["kept"], filled: true });
    // Before the cut it samples: what comes within one interval is not seen by anybody.
    expect(observer.goodValues("kept").slice(-301)).toEqual(numbers(5, 301));
  });
});
