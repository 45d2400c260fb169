import type { HubStatus } from "@lineshaft/engine";
import { expect, test } from "vitest";
import { type ServedHub, serveHub } from "./serve-hub.ts";

const intake = { accepted: 0, duplicates: 0, refused: 0, turnedAway: 0, waiting: 0, commits: 0 };
const worker = { name: "w", lanes: 64, workers: 1 };
const status: HubStatus = { name: "h", startedAt: 0, now: 0, ready: true, worker, intake, systems: [], flows: [] };

/** A hub whose disk hangs: whoever asks its ledger gets no answer. */
function aHub(change: Partial<HubStatus>): ServedHub {
  return {
    get ledger(): never {
      throw new Error("The ledger was asked.");
    },
    status: () => ({ ...status, ...change }),
  };
}

test.each([
  ["ready", {}, 200, { status: "ready" }],
  [
    "unable to write its ledger",
    { ready: false, problem: "Cannot write to the ledger: the disk is full." },
    503,
    { status: "not ready", problem: "Cannot write to the ledger: the disk is full." },
  ],
])(
  "a hub that is %s says so without asking its ledger, and is alive all the same",
  async (_what, change, code, body) => {
    await using server = await serveHub({ hub: aHub(change), port: 0 });
    const ready = await fetch(`${server.url}/readyz`);
    expect([ready.status, await ready.json()]).toEqual([code, body]);
    expect(ready.headers.get("cache-control")).toBe("no-store");
    const alive = await fetch(`${server.url}/healthz`);
    expect([alive.status, await alive.json()]).toEqual([200, { status: "alive" }]);
  },
);
