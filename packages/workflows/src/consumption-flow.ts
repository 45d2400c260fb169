import { type Flow, type Policy, flow } from "@lineshaft/engine";
import { type MaterialConsumption, materialConsumption } from "@lineshaft/model";
import type { ConsumeMaterial, Odoo, Scrap } from "@lineshaft/odoo";
import type { GoodsMovement, S4 } from "@lineshaft/sap";
import type { Finding } from "@lineshaft/core";
import { defined, odooConsumption, odooQuantity } from "./odoo-terms.ts";
import { type S4Place, s4Material } from "./s4-terms.ts";

export interface ConsumptionFlowOptions {
  /** Default `consumption`. */
  name?: string;
  /** Default `production control`. */
  owner?: string;
  from?: readonly string[];
  policy?: Policy;
  /**
   * Material that was lost is scrapped at once. What was built in is consumed by the order in place of what its bill of
   * materials says of these components, whether its completions come before or after; see docs/connectors/odoo.md.
   */
  odoo?: { system: Odoo };
  /** Issued to the order (movement 261), lost material too: the order bears it. */
  s4?: S4Place & { system: S4 };
}

/** Material taken for an order apart from a completion. */
export function consumptionFlow(options: ConsumptionFlowOptions): Flow<MaterialConsumption> {
  const { odoo, s4, from, policy } = options;
  let made = flow(options.name ?? "consumption", materialConsumption, {
    owner: options.owner ?? "production control",
    purpose:
      "Material that the plant takes for an order is consumed by it in Odoo and issued to it in SAP; what is lost is scrapped.",
    ...defined({ from, policy }),
    check: (taken) => (odoo ? oneLostMaterial(taken) : []),
  });
  if (odoo)
    made = made
      .to(odoo.system.scrap, { when: (taken) => taken.scrapped === true, map: toScrap })
      .to(odoo.system.consumeMaterial, { when: (taken) => taken.scrapped !== true, map: toConsumption });
  if (s4) made = made.to(s4.system.goodsMovement, (taken) => toIssue(taken, s4));
  return made;
}

function oneLostMaterial({ scrapped, consumed }: MaterialConsumption): Finding[] {
  if (scrapped !== true || consumed.length === 1) return [];
  return [
    {
      field: "/consumed",
      rule: "consumption.one-lost-material",
      value: `${consumed.length} lines`,
      fix: "Report each lost material on its own: Odoo scraps one product at a time.",
    },
  ];
}

function toScrap({ productionOrder, consumed, note }: MaterialConsumption): Scrap {
  const [{ product, quantity, lot, location } = { product: "", quantity: { value: "0", unit: "C62" } }] = consumed;
  return {
    product,
    quantity: odooQuantity(quantity),
    order: productionOrder,
    ...defined({ lot, location, reason: note?.slice(0, 250) }),
  };
}

function toConsumption({ productionOrder, consumed, basis, note }: MaterialConsumption): ConsumeMaterial {
  const additional = basis === "additional";
  return {
    order: productionOrder,
    lines: consumed.map((line) => ({ ...odooConsumption(line), ...(additional && { additional }) })),
    ...defined({ note }),
  };
}

function toIssue({ productionOrder, consumed, time, note }: MaterialConsumption, place: S4Place): GoodsMovement {
  return {
    kind: "orderIssue",
    postedAt: time,
    ...defined({ text: note?.slice(0, 25) || undefined }),
    items: consumed.map((it) => ({ ...s4Material(it, place), order: productionOrder })),
  };
}
