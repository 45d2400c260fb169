import { expect, test } from "vitest";
import { exitCodes } from "./exit-codes.ts";
import { Plant } from "./testing/plant.ts";

const config = (lines: string) => `
import { defineHub } from "@lineshaft/engine";
import { gatewayIntake } from "@lineshaft/gateway";
import { sqlite } from "@lineshaft/ledger-sqlite";

const check = (data) => (data.every((line) => typeof line === "string") ? [] : [{ field: "/0", rule: "x", fix: "Name it." }]);
const lines = (data) => ({ type: "lines.v1", data, check: () => check(data) });
const gateways = [{ name: "hamburg", configuration: lines(${lines}) }, { name: "rostock" }];

export default defineHub({
  name: "test hub",
  ledger: sqlite({ path: ".lineshaft/ledger.db" }),
  systems: [gatewayIntake({ name: "plants", port: 0, authority: ".lineshaft/gateways", gateways })],
  flows: [],
});
`;

function aPlant(): Plant {
  const plant = new Plant({ withConfig: false });
  plant.write("lineshaft.config.ts", config('["a"]'));
  return plant;
}

test("configurations are published, listed and reverted beside the hub, with who and why", async () => {
  await using plant = aPlant();
  const [first] = await plant.json("gateway", "publish", "hamburg", "--why", "first line", "--who", "ana");
  expect(first).toMatchObject({ gateway: "hamburg", version: 1, serial: 1, who: "ana", data: ["a"] });
  plant.write("lineshaft.config.ts", config('["a", "b"]'));
  const listed = () => plant.json("gateway", "list");
  expect(await listed()).toEqual([
    { gateway: "hamburg", linked: false, wanted: 1, unpublished: true },
    { gateway: "rostock", linked: false, unpublished: false },
  ]);
  await plant.run("gateway", "publish", "hamburg", "--why", "second line", "--who", "ben");
  expect(await listed()).toMatchObject([{ wanted: 2, unpublished: false }, {}]);
  const why = "b is not built yet";
  const back = await plant.run("gateway", "revert", "hamburg", "1", "--why", why, "--who", "ana");
  expect(back.out).toContain("hamburg shall run version 1 again (3. publication)");
  expect(await listed()).toMatchObject([{ wanted: 1, unpublished: true }, {}]);
  expect((await plant.run("gateway", "list")).out).toContain("never heard of");

  const entry = { message: null, delivery: null };
  expect(await plant.json("audit", "list")).toMatchObject([
    { ...entry, act: "publish", who: "ana", why: "first line" },
    { ...entry, act: "publish", who: "ben", why: "second line" },
    { ...entry, act: "revert", who: "ana", why },
  ]);
  const { out } = await plant.run("audit", "list");
  expect(out).toMatch(/^ENTRY .* WHO .* ACT .* ABOUT .* WHY .* DETAIL\n.* ana .* publish .* hamburg .* first line/);
  expect(await plant.json("audit", "list", "--after", "2")).toMatchObject([{ id: 3, act: "revert" }]);
  expect((await plant.run("audit", "verify")).out).toContain("The audit chain holds: 3 commits over 3 rows.");
});

test("what cannot be published is told with what is kept, and nothing is", async () => {
  await using plant = aPlant();
  const refused = await plant.run("gateway", "revert", "hamburg", "4", "--why", "x");
  expect([refused.code === 0, refused.err]).toEqual([
    false,
    expect.stringContaining("Take one of those that are: none."),
  ]);
  const silent = await plant.run("gateway", "publish", "hamburg");
  expect([silent.code, silent.err]).toEqual([exitCodes.usage, expect.stringContaining("--why")]);
  const blank = await plant.run("gateway", "publish", "hamburg", "--why", " ");
  expect([blank.code, blank.err]).toEqual([exitCodes.usage, expect.stringContaining("An act needs to say why.")]);
  expect((await plant.run("gateway", "publish", "rostock", "--why", "x")).err).toContain(
    "declares no configuration for gateway rostock",
  );
  expect((await plant.run("gateway", "publish", "nobody", "--why", "x")).err).toContain(
    "This hub has no gateway nobody.",
  );
  plant.write("lineshaft.config.ts", config("[1]"));
  const wrong = await plant.run("gateway", "publish", "hamburg", "--why", "x");
  expect(wrong.err).toContain("has a configuration of hamburg that is no lines.v1");
  plant.write("lineshaft.config.ts", config('["a"]'));
  expect(await plant.json("audit", "list")).toEqual([]);
});
