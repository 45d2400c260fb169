import { describe, test } from "vitest";
import { operationNames } from "./operations.ts";
import { completionCases } from "./testing/completion-cases.ts";
import { operationCases } from "./testing/operation-benches.ts";
import { realPeer } from "./testing/peers.ts";

const real = realPeer();
if ("peer" in real) {
  describe(real.peer.name, () => {
    completionCases(real.peer);
    operationCases(real.peer, operationNames);
  });
} else {
  test.skip(`the same cases against a real server (${real.reason})`);
}
