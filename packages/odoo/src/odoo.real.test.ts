import { describe, test } from "vitest";
import { completionCases } from "./testing/completion-cases.ts";
import { realPeer } from "./testing/peers.ts";

const real = realPeer();
if ("peer" in real) {
  describe(real.peer.name, () => {
    completionCases(real.peer);
  });
} else {
  test.skip(`the same cases against a real server (${real.reason})`);
}
