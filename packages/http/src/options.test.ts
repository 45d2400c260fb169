import { Secret } from "@lineshaft/core";
import { FakeClock } from "@lineshaft/testing";
import { silentLog } from "@lineshaft/core";
import { expect, test } from "vitest";
import { Callers } from "./callers.ts";
import { httpIntake } from "./index.ts";
import type { HttpIntakeOptions } from "./index.ts";
import { reading } from "./testing/bed.ts";

const key = Secret.generated("mes", "a-key-that-is-long-enough");
const tls = { cert: "/nowhere", key };
const callers = [{ name: "mes", key }];

test.each<[string, Partial<HttpIntakeOptions>, string]>([
  ["every address without TLS", { host: "0.0.0.0", callers }, "listens on 0.0.0.0 without TLS"],
  ["every address of IPv6 without TLS", { host: "::", callers }, "listens on :: without TLS"],
  ["a name in the network without callers", { host: "hub.plant", tls }, "listens on hub.plant for everybody"],
  ["no contract", { contracts: [] }, "takes no contract"],
  ["a port there is not", { port: 70_000 }, "has port 70000"],
  ["two callers of one name", { callers: [...callers, ...callers] }, "two callers mes"],
  ["a caller whose name would break ids", { callers: [{ name: "a/b", key }] }, 'a caller "a/b"'],
  ["a caller for a contract not taken", { callers: [{ name: "mes", key, contracts: ["x.v1"] }] }, "x.v1"],
  ["a rate of nothing", { callers: [{ name: "mes", key, perSecond: 0 }] }, "0 facts per second"],
  ["a translation of a contract not taken", { translate: { "x.v1": (body) => body } }, "translates x.v1"],
])("%s is refused by configuration", (_case, options, message) => {
  const open = () => httpIntake({ name: "http", port: 0, contracts: [reading], ...options });
  expect(open).toThrow(expect.objectContaining({ code: "config-invalid", message: expect.stringContaining(message) }));
});

test("this machine alone may be listened to without TLS and callers", () => {
  for (const host of ["127.0.0.1", "127.9.9.9", "::1", "localhost"]) {
    expect(httpIntake({ name: "http", port: 0, host, contracts: [reading] }).sources).toEqual(["intake"]);
  }
});

function shareKey(): Callers {
  return new Callers(
    ["a", "b"].map((name) => ({ name, key })),
    new FakeClock(),
    silentLog,
  );
}

test("two callers with one key are refused, and the message does not show it", () => {
  expect(shareKey).toThrow("The callers a and b have the same key.");
});
