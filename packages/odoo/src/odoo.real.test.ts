import { test } from "vitest";
import { odooCases } from "./testing/odoo-cases.ts";
import { realPeer } from "./testing/peers.ts";

const real = realPeer();
if ("peer" in real) {
  odooCases(real.peer);
} else {
  test.skip(`the same cases against a real server (${real.reason})`);
}
