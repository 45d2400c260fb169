import { expect, test } from "vitest";
import { Secret, silentLog, systemClock } from "@lineshaft/core";
import { odoo } from "./odoo.ts";

const options = {
  name: "odoo-hh",
  url: "http://127.0.0.1:1",
  database: "d",
  login: "hub",
  key: Secret.generated("k", "key"),
};

test("a flow that names an operation plain mode lacks is told so before anything starts", () => {
  const system = odoo({ ...options, mode: "plain" });
  expect(() => system.moveStock).toThrow("The system odoo-hh is in plain mode, which has no operation moveStock.");
  expect(system.completeOrder.name).toBe("completeOrder");
});

test("an operation's value is checked against its schema, every finding with its field", () => {
  const findings = odoo(options).completeOrder.check({ order: "", yield: { value: "1,5", unit: "C62" }, more: 1 });
  expect(findings.map((finding) => finding.field)).toEqual(expect.arrayContaining(["/order", "/yield/value", "/more"]));
});

test("a server that is not there is told in a sentence with a next step", async () => {
  const system = await odoo(options).open({ clock: systemClock, random: () => 0, log: silentLog });
  const health = await system.check(new AbortController().signal);
  expect(health).toMatchObject({
    ok: false,
    message: expect.stringContaining("Cannot reach Odoo at http://127.0.0.1:1"),
  });
  await system.close();
});
