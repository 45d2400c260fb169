import { Secret, silentLog, systemClock } from "@lineshaft/core";
import { expect, test } from "vitest";
import { mqtt } from "./index.ts";
import type { MqttOptions } from "./index.ts";

const options: MqttOptions = {
  name: "plant",
  url: "mqtts://broker.plant",
  clientId: "hub",
  subscribe: [{ topic: "plant/{site}/completion", contract: "completion.v1" }],
};

test.each<[string, Partial<MqttOptions>, string]>([
  ["no URL", { url: "broker" }, "has no URL: broker"],
  ["another protocol", { url: "http://broker" }, "cannot speak http:"],
  ["a password in the URL", { url: "mqtt://user:pass@broker" }, "has a user or password in its URL"],
  ["TLS settings without TLS", { url: "mqtt://broker", tls: {} }, "connects in the clear by mqtt:"],
  ["no client id", { clientId: "" }, "has no clientId"],
  ["nothing subscribed", { subscribe: [] }, "subscribes to nothing"],
  [
    "one topic twice",
    { subscribe: ["a/{x}", "a/{y}"].map((topic) => ({ topic, contract: "c.v1" })) },
    "subscribes to a/+ twice",
  ],
  ["connections that share nothing", { connections: 2 }, "asks for 2 connections and shares nothing"],
  ["too many connections", { connections: 17 }, "asks for 17 connections"],
  ["nothing in flight", { limits: { inFlight: 0 } }, "has 0 messages in flight"],
  ["more in flight than MQTT has numbers", { limits: { inFlight: 65_536 } }, "has 65536 messages in flight"],
  [
    "user properties of MQTT 3.1.1",
    { protocolVersion: 4, subscribe: [{ topic: "a", contract: "c.v1", userProperties: { x: "y" } }] },
    "reads user properties of a",
  ],
])("%s is refused by configuration", (_case, wrong, message) => {
  expect(() => mqtt({ ...options, ...wrong })).toThrow(
    expect.objectContaining({ code: "config-invalid", message: expect.stringContaining(message) }),
  );
});

test("a password in a URL does not show in its refusal", () => {
  expect(() => mqtt({ ...options, url: "mqtt://user:open-sesame@broker" })).toThrow(
    expect.objectContaining({ message: expect.not.stringContaining("open-sesame") }),
  );
});

test("a password that crosses the network in the clear is warned of", async () => {
  const warnings: string[] = [];
  const log = { ...silentLog, warn: (message: string) => void warnings.push(message) };
  const context = { clock: systemClock, random: () => 0, log };
  const password = Secret.generated("broker", "open-sesame");
  for (const url of ["mqtt://broker.plant", "mqtts://broker.plant", "mqtt://127.0.0.1"]) {
    await mqtt({ ...options, url, password }).open(context);
  }
  expect(warnings).toEqual(["The password for broker.plant crosses the network unencrypted. Use mqtts:// or wss://."]);
});
