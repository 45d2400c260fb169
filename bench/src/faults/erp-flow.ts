import type { SystemDefinition } from "@lineshaft/core";
import type { AnyFlow, Policy } from "@lineshaft/engine";

/** Completions to an Odoo and an SAP. */
export function erpFlow(_targets: object, _policy: Policy): { systems: SystemDefinition[]; made: AnyFlow } {
  throw new Error("not there yet");
}
