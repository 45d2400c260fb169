import { describe } from "vitest";
import { operationNames } from "../operations.ts";
import { plainOperationNames } from "../plain/targets.ts";
import { changesCases } from "./changes-cases.ts";
import { completionCases } from "./completion-cases.ts";
import { consumptionCases } from "./consumption-cases.ts";
import { correctionCases } from "./correction-cases.ts";
import { holdCases } from "./hold-cases.ts";
import { maintenanceCases } from "./maintenance-cases.ts";
import { operationCases } from "./operation-benches.ts";
import { plainCases } from "./plain-cases.ts";
import type { Peer } from "./shop.ts";

/** All that is promised of the connector: the same for simulators and for real servers. */
export function odooCases(peer: Peer): void {
  describe(peer.name, () => {
    completionCases(peer);
    correctionCases(peer);
    consumptionCases(peer);
    maintenanceCases(peer);
    holdCases(peer);
    describe("provisioned", () => operationCases(peer, operationNames));
    describe("plain", () => operationCases(peer, plainOperationNames, { mode: "plain" }));
    plainCases(peer);
    changesCases(peer);
  });
}
