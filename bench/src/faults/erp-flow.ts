import type { SystemDefinition } from "@lineshaft/core";
import type { AnyFlow, Policy } from "@lineshaft/engine";
import { completionFlow } from "@lineshaft/workflows";
import { odooSystem, sapSystem } from "../erp/erp-systems.ts";
import { OPERATION, type OdooAccess, PLANT, STORAGE_LOCATION, type SapAccess } from "../erp/simulators-protocol.ts";
import { ODOO_SYSTEM, SAP_SYSTEM } from "./erp-side.ts";

/** How long the hub waits for Odoo and SAP, in ms: short, so that a campaign sees many time-outs. */
const PATIENCE_MS = 1_500;
/** The simulated SAP has posted when an answer is lost; its readers see it after `UPDATE_DELAY_MS`. */
const SETTLE_MS = 2_500;
export const UPDATE_DELAY_MS = 400;

export interface ErpAccess {
  odoo: OdooAccess;
  sap: SapAccess;
}

/** Completions to an Odoo and an SAP, as the ready flow sends them. */
export function erpFlow({ odoo, sap }: ErpAccess, policy: Policy): { systems: SystemDefinition[]; made: AnyFlow } {
  const [first, second] = [
    odooSystem(odoo, { name: ODOO_SYSTEM, timeoutMs: PATIENCE_MS }),
    sapSystem(sap, { name: SAP_SYSTEM, timeoutMs: PATIENCE_MS, settleMs: SETTLE_MS }),
  ];
  const place = { plant: PLANT, storageLocation: STORAGE_LOCATION, operation: OPERATION };
  const made = completionFlow({ policy, owner: "campaign", odoo: { system: first }, s4: { system: second, ...place } });
  return { systems: [first, second], made };
}
