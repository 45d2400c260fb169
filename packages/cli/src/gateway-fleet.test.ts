import { expect, test } from "vitest";
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
  await plant.run("gateway", "publish", "hamburg");
  expect(await listed()).toMatchObject([{ wanted: 2, unpublished: false }, {}]);
  const back = await plant.run("gateway", "revert", "hamburg", "1", "--why", "b is not built yet");
  expect(back.out).toContain("hamburg shall run version 1 again (3. publication)");
  expect(await listed()).toMatchObject([{ wanted: 1, unpublished: true }, {}]);
  expect((await plant.run("gateway", "list")).out).toContain("never heard of");
});

test("what cannot be published is told with what is kept, and nothing is", async () => {
  await using plant = aPlant();
  const refused = await plant.run("gateway", "revert", "hamburg", "4", "--why", "x");
  expect([refused.code === 0, refused.err]).toEqual([
    false,
    expect.stringContaining("Take one of those that are: none."),
  ]);
  expect((await plant.run("gateway", "publish", "rostock")).err).toContain(
    "declares no configuration for gateway rostock",
  );
  expect((await plant.run("gateway", "publish", "nobody")).err).toContain("This hub has no gateway nobody.");
  plant.write("lineshaft.config.ts", config("[1]"));
  const wrong = await plant.run("gateway", "publish", "hamburg");
  expect(wrong.err).toContain("has a configuration of hamburg that is no lines.v1");
});
