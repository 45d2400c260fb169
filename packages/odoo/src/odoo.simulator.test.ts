import { afterAll } from "vitest";
import { odooCases } from "./testing/odoo-cases.ts";
import { simulatedPeer } from "./testing/peers.ts";

for (const version of [17, 18, 19] as const) {
  const simulated = await simulatedPeer(version);
  afterAll(() => simulated.close());
  odooCases(simulated.peer);
}
