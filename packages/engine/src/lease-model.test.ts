import { beforeAll, describe, expect, test } from "vitest";
import { learnCrashSteps } from "./testing/crash-step.ts";
import { type Exploration, explore } from "./testing/explore.ts";
import { LeaseModel, type Rules, type Size } from "./testing/lease-model.ts";
import { SETTLE_MS } from "./testing/lease-world.ts";

/*
 * Every order of claims, leases that run out, crashes, sends, answers and look-ups, within what a size allows. Each state
 * is held against the promises of ARCHITECTURE.md: one effect per delivery (2), in order per key (3), nothing changed by
 * a worker that lost its lane (4), nothing in limbo (5); and `done` only where the effect stands.
 */

/** Two workers, one lane, everything as often as it likes: three crashes with the same delivery in hand too. */
const endless: Size = { workers: 2, lanes: 1, disturbances: Number.POSITIVE_INFINITY };
/** Three workers pass a lane on; deep enough for a lane that comes back to a worker that had lost it. */
const passedOn: Size = { workers: 3, lanes: 1, disturbances: 4 };
const twoLanes: Size = { workers: 3, lanes: 2, disturbances: 2, refusedAtOnce: true };
/** A busy machine takes three times as long as a quiet one. */
const TEST_MS = 120_000;

beforeAll(() => learnCrashSteps(SETTLE_MS));

function exploreRules(name: string, size: Size, rules: Partial<Rules> = {}): Exploration {
  const from = performance.now();
  const found = explore(new LeaseModel(size, rules));
  const { states, moves, violation } = found;
  const lines = [
    `${name}: ${states} states, ${moves} moves, ${Math.round(performance.now() - from)} ms`,
    ...(violation === undefined ? [] : [`  ${violation.broken}`, ...violation.trace.map((line) => `    ${line}`)]),
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
  return found;
}

describe("the promises hold in every state that can be reached", () => {
  const cases: [name: string, size: Size, rules: Partial<Rules>][] = [
    ["looked up, two workers, no bound", endless, {}],
    ["looked up, three workers", { ...passedOn, disturbances: 3 }, {}],
    ["looked up, three workers, two lanes", twoLanes, {}],
    ["repeatable, three workers", { ...passedOn, disturbances: 3 }, { repeat: "repeatable" }],
  ];
  test.each(cases)(
    "%s",
    (name, size, rules) => {
      const { states, violation } = exploreRules(name, size, rules);
      expect(violation).toBeUndefined();
      expect(states).toBeGreaterThan(100_000);
    },
    TEST_MS,
  );
});

describe("what is assumed of late requests", () => {
  const size: Size = { ...passedOn, disturbances: 2 };

  test("a target that recognises repeats needs no assumption: a request may arrive at any time", () => {
    const rules = { repeat: "repeatable", lateRequests: "at any time", looksAtLease: false } as const;
    expect(exploreRules("repeatable, late at any time", size, rules).violation).toBeUndefined();
  });

  test("a target that is looked up needs one: a request that arrives after the look-up takes effect a second time", () => {
    const { violation } = exploreRules("looked up, late at any time", size, { lateRequests: "at any time" });
    expect(violation?.broken).toMatch(/took effect twice/);
    expect(violation?.trace.at(-1)).toBe("A late request arrives: the target applies the first delivery of key a.");
  });

  test("it is enough only because a worker looks at its lease right before it sends: one that was paused there would send", () => {
    const { violation } = exploreRules("looked up, lease not looked at", size, { looksAtLease: false });
    expect(violation?.broken).toMatch(/took effect twice/);
    expect(violation?.trace).toContain("Worker 1 is paused; its lease on lane A runs out.");
  });

  test("without that look, what is not sent yet would have to have ended by the look-up too", () => {
    const rules = { lateRequests: "until the look-up", looksAtLease: false } as const;
    expect(exploreRules("looked up, nothing begun is late", size, rules).violation).toBeUndefined();
  });
});

describe("a rule that is broken is found out", () => {
  const onlyHarm = { foreignChangesCount: false };
  const once: Size = { ...passedOn, disturbances: 1 };
  const broken: [name: string, broken: RegExp, rules: Partial<Rules>, size?: Size][] = [
    ["no fence at the outcome", /in a lane that it no longer has/, { fenceAtSettle: false }],
    ["no fence at the outcome, by its harm", /took effect twice/, { fenceAtSettle: false, ...onlyHarm }],
    ["no fence at `sending`", /in a lane that it no longer has/, { fenceAtBegin: false }],
    ["no fence at `sending`, by its harm", /in limbo/, { fenceAtBegin: false, ...onlyHarm }, once],
    ["an outcome under a newer fence", /took effect twice/, { storesUnder: "the fence that is held by then" }],
    ["sent again after a crash without a look-up", /took effect twice/, { looksUpAfterCrash: false }],
    ["a later delivery of a key before the first", /before the one before it/, { headFirst: false }],
  ];
  test.each(broken)(
    "%s",
    (name, sentence, rules, size = passedOn) => {
      const { violation } = exploreRules(name, size, rules);
      expect(violation?.broken).toMatch(sentence);
      expect(violation?.trace.length).toBeGreaterThan(5);
    },
    TEST_MS,
  );
});
