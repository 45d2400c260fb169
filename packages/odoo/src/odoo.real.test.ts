import { describe, test } from "vitest";
import { operationNames } from "./operations.ts";
import { plainOperationNames } from "./plain/targets.ts";
import { completionCases } from "./testing/completion-cases.ts";
import { operationCases } from "./testing/operation-benches.ts";
import { plainCases } from "./testing/plain-cases.ts";
import { realPeer } from "./testing/peers.ts";

const real = realPeer();
if ("peer" in real) {
  const { peer } = real;
  describe(peer.name, () => {
    completionCases(peer);
    describe("provisioned", () => operationCases(peer, operationNames));
    describe("plain", () => operationCases(peer, plainOperationNames, { mode: "plain" }));
    plainCases(peer);
  });
} else {
  test.skip(`the same cases against a real server (${real.reason})`);
}
