import { billOfMaterials } from "./contracts/bill-of-materials.ts";
import { completionCorrection } from "./contracts/completion-correction.ts";
import { completion } from "./contracts/completion.ts";
import { downtime } from "./contracts/downtime.ts";
import { equipmentEvent } from "./contracts/equipment-event.ts";
import { equipmentSummary } from "./contracts/equipment-summary.ts";
import { lot } from "./contracts/lot.ts";
import { materialConsumption } from "./contracts/material-consumption.ts";
import { product } from "./contracts/product.ts";
import { productionOrderAcknowledgement } from "./contracts/production-order-acknowledgement.ts";
import { productionOrderRelease } from "./contracts/production-order-release.ts";
import { productionOrder } from "./contracts/production-order.ts";
import { qualityHold } from "./contracts/quality-hold.ts";
import { qualityResult } from "./contracts/quality-result.ts";
import { stockBalance } from "./contracts/stock-balance.ts";
import { stockMovement } from "./contracts/stock-movement.ts";
import type { ModelContract } from "./define-contract.ts";

/** All contracts of the model, in the order of the documentation: master data, orders, production, stock, equipment, quality. */
export const contracts: readonly ModelContract[] = [
  product,
  billOfMaterials,
  productionOrder,
  productionOrderRelease,
  productionOrderAcknowledgement,
  completion,
  completionCorrection,
  materialConsumption,
  stockMovement,
  stockBalance,
  lot,
  downtime,
  equipmentEvent,
  equipmentSummary,
  qualityResult,
  qualityHold,
];

const byId = new Map(contracts.map((contract) => [contract.id, contract]));

/** The contract with this id, `completion.v1`. */
export function contractOf(id: string): ModelContract | undefined {
  return byId.get(id);
}
