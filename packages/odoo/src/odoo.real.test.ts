import { expect, test } from "vitest";
import { odooCases } from "./testing/odoo-cases.ts";
import { realPeer } from "./testing/peers.ts";

const real = realPeer();
test.skipIf("reason" in real)(
  `the same cases against a real server${"reason" in real ? `: ${real.reason}` : ""}`,
  () => {
    expect(real).toHaveProperty("peer");
  },
);
if ("peer" in real) odooCases(real.peer);
