import { expect, test } from "vitest";
import type { HubStatus, SystemStatus } from "@lineshaft/engine";
import type { PlantView } from "./plant-view.ts";
import * as words from "../page/words.js";

const now = Date.parse("2026-11-21T10:00:00Z");

function aSystem(change: Partial<SystemStatus> = {}): SystemStatus {
  return {
    name: "s4",
    connector: "sap-s4",
    plant: null,
    breaker: "closed",
    since: now,
    inFlight: 0,
    backlog: { pending: 0, sending: 0, checking: 0, parked: 0 },
    outcomes: { done: 5, unavailable: 0, rejected: 0, uncertain: 0 },
    sources: [],
    ...change,
  };
}

function aHub(systems: SystemStatus[], change: Partial<HubStatus> = {}): HubStatus {
  const intake = { accepted: 1, duplicates: 0, refused: 0, turnedAway: 0, waiting: 0, commits: 1 };
  const worker = { name: "w1", lanes: 64, workers: 1 };
  return { name: "plant", startedAt: now, now, ready: true, worker, intake, systems, flows: [], ...change };
}

const titleOf = (hub: HubStatus): string => words.headline({ hub, parked: [] }).title;

test("the headline tells the worst first", () => {
  const parked = aSystem({ backlog: { pending: 0, sending: 0, checking: 0, parked: 1 } });
  const open = aSystem({ breaker: "open" });
  expect(titleOf(aHub([parked, open], { ready: false, problem: "The disk is full." }))).toBe("Not taking facts");
  expect(titleOf(aHub([parked, open]))).toBe("s4 does not answer");
  expect(titleOf(aHub([parked]))).toBe("1 delivery needs a person");
  expect(titleOf(aHub([aSystem()]))).toBe("Everything is on its way");
});

test("two systems that do not answer are both named", () => {
  expect(titleOf(aHub([aSystem({ breaker: "open" }), aSystem({ name: "odoo", breaker: "open" })]))).toBe(
    "s4 and odoo do not answer",
  );
});

test("a held-back system says since when and when it is tried again, the technical text apart", () => {
  const held = aSystem({ breaker: "open", message: "connect ECONNREFUSED", nextProbeAt: now + 12_000 });
  const { tone, text, technical } = words.systemSentence(held, now);
  expect([tone, technical]).toEqual(["bad", "connect ECONNREFUSED"]);
  expect(text).toMatch(/^Does not answer since [\d:]{8}\. Next try in 12 s\. What comes in for it waits\.$/);
});

test("a source that lost its peer says since when and what comes next", () => {
  const lost = {
    name: "facts",
    state: "waiting" as const,
    since: now - 1_000,
    message: "The broker is gone.",
    nextTryAt: now + 4_000,
    facts: 3,
  };
  const { text, technical } = words.sourceSentence(lost, now);
  expect(text).toMatch(/^facts is not connected since [\d:]{8}\. Next try in 4 s\.$/);
  expect(technical).toBe("The broker is gone.");
});

test("durations, delays and names read as people say them", () => {
  expect([400, 61_000, 200_000, 8_100_000, 3 * 86_400_000].map(words.duration)).toEqual([
    "0 s",
    "61 s",
    "3 min",
    "2 h 15 min",
    "3 days",
  ]);
  expect([0, 0.4, 14, 2_340].map(words.latency)).toEqual(["–", "1 ms", "14 ms", "2.3 s"]);
  expect(words.contractName("stock-movement.v1")).toBe("Stock movement");
  expect(words.operationName("completeOrder")).toBe("complete order");
});

test("a time of another day carries its date", () => {
  expect(words.clockTime(now - 86_400_000, now)).toContain("2026");
  expect(words.clockTime(now, now)).not.toContain("2026");
});

test("what a worker's page shows is told only where there are several", () => {
  expect(words.workerSentence({ name: "w1", lanes: 64, workers: 1 })).toBe("");
  expect(words.workerSentence({ name: "w1", lanes: 22, workers: 3 })).toContain(
    "one of 3 workers, with 22 of 64 lanes",
  );
});

test("a plant whose link is cut goes on, and the page says since when and what waits", () => {
  const plant = (gateway: Partial<PlantView["gateway"]>, cutSince?: number): PlantView => ({
    name: "Hall 2",
    system: "hall-2",
    gateway: { state: "up", since: now - 30_000, ...gateway },
    ...(cutSince !== undefined && { cutSince }),
    machines: [],
  });
  const told = (view: PlantView) => words.plantSentence(view, now);
  expect(told(plant({}))).toMatchObject({ tone: "good", text: expect.stringContaining("Linked since") });
  expect(told(plant({ waiting: 3 }, now - 2_000)).text).toContain("3 facts wait");
  const down = told(plant({ state: "down", waiting: 1, oldest: now - 25_000 }, now - 35_000));
  expect(down).toMatchObject({ tone: "warn", text: expect.stringContaining("(30 s)") });
  expect(down.text).toContain("goes on collecting: 1 fact waits at it");
  expect(told(plant({ waiting: 500 })).text).toContain("catching up: 500 facts wait");
  expect(told(plant({ problem: "The line did not start." }))).toEqual({ tone: "bad", text: "The line did not start." });
  expect(told(plant({ state: "stopped" })).tone).toBe("bad");
});

test("what a machine does is told in plant words", () => {
  expect(words.machineWord({ state: "execute", reason: "" })).toBe("running");
  expect(words.machineWord({ state: "idle", reason: "NO-ORDER" })).toBe("waits for an order");
  expect(words.machineWord({ state: "held", reason: "MATERIAL-JAM" })).toBe("jammed");
});
