import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { certificatesMissing, eventually, seededRandom } from "@lineshaft/testing";
import { describe, expect, test } from "vitest";
import type { Point } from "./points.ts";
import { LinkBed, upTo } from "./testing/bed.ts";
import type { GatewayProcessNews, GatewayProcessOptions } from "./testing/gateway-process.ts";
import type { HubProcessOptions } from "./testing/hub-process.ts";

const NOTES = 300;

function start(file: string, options: object): ChildProcess {
  return fork(new URL(`./testing/${file}.ts`, import.meta.url), [JSON.stringify(options)], {
    execArgv: ["--conditions=lineshaft:source", "--disable-warning=ExperimentalWarning"],
  });
}

async function exited(child: ChildProcess): Promise<string | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  return child.signalCode;
}

describe.skipIf(certificatesMissing())("nothing acknowledged is lost, applied twice or out of order when", () => {
  test.each<[Point, number]>([
    ["beforeCommit", 1],
    ["afterCommit", 2],
    ["beforeSend", 3],
    ["afterAnswer", 4],
    ["afterConfirm", 5],
  ])(
    "the gateway is killed %s, again and again",
    async (point, seed) => {
      const random = seededRandom(seed);
      await using bed = await LinkBed.open();
      const { ca, clientCert: cert, clientKey: key } = bed.certificates;
      let acknowledged = 0;
      const run = (kill?: GatewayProcessOptions["kill"]) => {
        const options: GatewayProcessOptions = {
          hub: `https://127.0.0.1:${bed.line.port}`,
          ca,
          cert,
          key,
          buffer: bed.bufferPath,
          from: acknowledged + 1,
          to: NOTES,
          ...(kill === undefined ? {} : { kill }),
        };
        return start("gateway-process", options);
      };
      for (let round = 0; round < 3; round++) {
        const child = run({ point, hit: 1 + Math.floor(random() * 5) });
        child.on(
          "message",
          (news: GatewayProcessNews) => (acknowledged = Math.max(acknowledged, news.acknowledged ?? 0)),
        );
        expect(await exited(child)).toBe("SIGKILL");
      }
      const last = run();
      let waiting = NOTES;
      last.on("message", (news: GatewayProcessNews) => {
        acknowledged = Math.max(acknowledged, news.acknowledged ?? 0);
        waiting = news.waiting ?? waiting;
      });
      await eventually("all is up", () => acknowledged === NOTES && waiting === 0);
      last.kill("SIGKILL");
      await exited(last);
      expect(await bed.notes()).toEqual(upTo(NOTES));
      expect(await bed.gaps()).toEqual([]);
    },
    60_000,
  );

  test("the hub is killed with a batch on its disk and its answer unsent, again and again", async () => {
    await using bed = await LinkBed.open({ limits: { batchFacts: 20 } });
    await bed.stopHub();
    await bed.startGateway();
    await bed.push(1, NOTES);
    const { ca, cert, key } = bed.certificates;
    const run = (options: Partial<HubProcessOptions>) => {
      const child = start("hub-process", { ledger: bed.ledgerPath, ca, cert, key, ...options });
      child.on("message", ({ port }: { port: number }) => (bed.line.to = { port }));
      return child;
    };
    for (let round = 0; round < 3; round++) {
      const child = run({ killAtCommit: 1 + round });
      await bed.until("it is killed", () => child.signalCode !== null);
    }
    expect(bed.gateway?.buffer.facts).toBeGreaterThan(0);
    await bed.startHub();
    await bed.caughtUp();
    expect(await bed.notes()).toEqual(upTo(NOTES));
    expect(await bed.gaps()).toEqual([]);
    expect((await bed.ledger.totals()).duplicates).toBe(0);
  }, 60_000);
});
