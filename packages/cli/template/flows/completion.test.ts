import assert from "node:assert/strict";
import { test } from "node:test";
import { testFlow } from "@lineshaft/engine";
import { aCompletion } from "@lineshaft/model";
import { completions } from "./completion.ts";

const now = Date.parse("2026-01-05T06:00:00Z");

test("a report with scrap is entered with its reason", async () => {
  const [delivery] = await testFlow(completions, aCompletion(), { now });
  assert.deepEqual(delivery?.findings, []);
  assert.deepEqual(delivery?.value, {
    order: "MO-1001",
    made: "40 C62",
    scrapped: ["2 C62 (SEAL-DAMAGED)"],
    finished: false,
    at: "2026-01-05T06:45:00+01:00",
  });
});

test("a report about nothing is refused", async () => {
  const nothing = aCompletion({ yield: { value: "0", unit: "C62" }, scrap: [] });
  await assert.rejects(testFlow(completions, nothing, { now }), /would refuse this completion/);
});
