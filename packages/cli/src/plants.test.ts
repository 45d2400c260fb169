import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { exitCodes } from "./exit-codes.ts";
import { Plant } from "./testing/plant.ts";
import { root } from "./testing/reference-docs.ts";

const text = readFileSync(join(root, "docs/plants.md"), "utf8");
const example = /```ts\n([\s\S]*?)```/.exec(text)?.[1] ?? "";
let project: Plant;

beforeAll(() => {
  project = new Plant({ withConfig: false, environment: { PUNE_ODOO_KEY: "pune-key-77f1" } });
  project.write("lineshaft.config.ts", example);
  project.write("tsconfig.json", readFileSync(join(root, "packages/cli/template/tsconfig.json"), "utf8"));
});
afterAll(() => project[Symbol.asyncDispose]());

test("the example of docs/plants.md compiles and holds together", async () => {
  const { code, out } = await project.run("check");
  expect(out).toContain("The hub group holds together: 6 systems, 3 flows.");
  expect(out).toContain("ok    The types fit.");
  expect(code).toBe(exitCodes.ok);
});

test("an override that does not fit its template is found by check", async () => {
  project.write("wrong.config.ts", example.replace('zone: "Asia/Kolkata"', 'timeZone: "Asia/Kolkata"'));
  const { code, out } = await project.run("check", "--config", "wrong.config.ts");
  project.write("wrong.config.ts", "");
  expect(out).toContain("'timeZone' does not exist in type");
  expect(code).toBe(exitCodes.configInvalid);
});

test("plants are listed with their systems and flows", async () => {
  expect(await project.json("plants")).toEqual([
    {
      plant: "hamburg",
      systems: ["hamburg/shop-floor", "hamburg/odoo", "hamburg/s4"],
      flows: ["hamburg/completions", "hamburg/downtimes"],
    },
    { plant: "pune", systems: ["pune/shop-floor", "pune/odoo", "pune/s4"], flows: ["pune/completions"] },
  ]);
  const { out } = await project.run("plants");
  expect(out).toMatch(/^PLANT +SYSTEMS +FLOWS\nhamburg +hamburg\/shop-floor, /);
});

test("plants diff tells what a plant changed, with both values, and no secret", async () => {
  const rows = await project.json<{ what: string }>("plants", "diff", "pune");
  expect(rows.filter(({ what }) => what !== "parameter")).toEqual([
    { plant: "pune", what: "limit", name: "odoo inFlight", change: "changed", here: 2 },
    { plant: "pune", what: "mapping", name: "completions to odoo.completeOrder", change: "another" },
    ...["odoo.completeOrder", "s4.confirmOperation"].flatMap((way) => [
      { plant: "pune", what: "policy", name: `completions to ${way} retryCapMs`, change: "changed", here: 60_000 },
      {
        plant: "pune",
        what: "policy",
        name: `completions to ${way} owner`,
        change: "changed",
        here: "production control Pune",
      },
    ]),
    { plant: "pune", what: "flow", name: "downtimes", change: "left out" },
  ]);
  expect(rows).toContainEqual({
    plant: "pune",
    what: "parameter",
    name: "zone",
    change: "changed",
    template: "Europe/Berlin",
    here: "Asia/Kolkata",
  });
  const { out } = await project.run("plants", "diff");
  expect(out).toContain("env:PUNE_ODOO_KEY");
  expect(out).toContain("another mapping");
  expect(out).not.toContain("pune-key-77f1");
});

test("a plant that is not there is told with those that are", async () => {
  const { code, err } = await project.run("plants", "diff", "pnue");
  expect(code).toBe(exitCodes.refused);
  expect(err).toContain("Name some of hamburg, pune.");
});
