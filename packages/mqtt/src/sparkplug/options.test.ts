import { Secret, silentLog, systemClock } from "@lineshaft/core";
import { expect, test } from "vitest";
import { sparkplug } from "../index.ts";
import type { SparkplugOptions } from "../index.ts";
import { RecordingTags } from "../testing/sparkplug/recording-tags.ts";

const options: SparkplugOptions = {
  name: "plant",
  url: "mqtts://broker.plant",
  hostId: "hub",
  facts: new RecordingTags().facts,
};

test.each<[string, Partial<SparkplugOptions>, string]>([
  ["no URL", { url: "broker" }, "has no URL: broker"],
  ["a password in the URL", { url: "mqtt://user:pass@broker" }, "has a user or password in its URL"],
  ["no host id", { hostId: "" }, 'has the host id ""'],
  ["a host id of two levels", { hostId: "hub/1" }, 'has the host id "hub/1"'],
  ["a wildcard for a group", { groups: ["+"] }, 'follows the group "+"'],
  ["the name of states for a group", { groups: ["STATE"] }, 'follows the group "STATE"'],
  ["no group", { groups: [] }, "follows no group"],
  ["no wait for what is missing", { reorderMs: 0 }, "has reorderMs 0"],
  ["a pace of nought", { rebirth: { perSecond: 0 } }, "has perSecond 0"],
  ["a limit that is none", { limits: { metrics: Number.NaN } }, "has metrics NaN"],
  ["more in flight than MQTT has numbers", { limits: { inFlight: 65_536 } }, "has inFlight 65536"],
  ["more reordering than numbers tell apart", { limits: { reorderMessages: 128 } }, "has reorderMessages 128"],
])("%s is refused by configuration", (_case, wrong, message) => {
  expect(() => sparkplug({ ...options, ...wrong })).toThrow(
    expect.objectContaining({ code: "config-invalid", message: expect.stringContaining(message) }),
  );
});

test("a system has one source, no operation, and connects to nothing until it runs", async () => {
  const definition = sparkplug({ ...options, rebirth: { jitterMs: 0 }, limits: { reorderMessages: 0 } });
  expect(definition).toMatchObject({ name: "plant", connector: "sparkplug", sources: ["intake"] });
  const system = await definition.open({ clock: systemClock, random: () => 0, log: silentLog });
  expect(Object.keys(system.sources)).toEqual(["intake"]);
  expect(system.targets).toEqual({});
});

test("a password that crosses the network in the clear is warned of", async () => {
  const warnings: string[] = [];
  const log = { ...silentLog, warn: (message: string) => void warnings.push(message) };
  const password = Secret.generated("broker", "open-sesame");
  await sparkplug({ ...options, url: "mqtt://broker.plant", password }).open({
    clock: systemClock,
    random: () => 0,
    log,
  });
  expect(warnings).toEqual(["The password for broker.plant crosses the network unencrypted. Use mqtts:// or wss://."]);
});
