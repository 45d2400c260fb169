import { test } from "vitest";
import { odooCases } from "./testing/odoo-cases.ts";
import { realPeer } from "./testing/peers.ts";

const real = realPeer();
const reason = "reason" in real ? real.reason : "";

test("the same cases hold against a real server", (context) => {
  if (reason === "") return;
  console.info(`Skipped the cases against a real Odoo: ${reason}.`);
  context.skip(reason);
});

if ("peer" in real) odooCases(real.peer);
