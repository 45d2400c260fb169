import { type Flow, type Policy, flow } from "@lineshaft/engine";
import { type QualityHold, type QualityResult, qualityHold, qualityResult } from "@lineshaft/model";
import type { Odoo, PlaceHold, ReleaseHold } from "@lineshaft/odoo";
import { defined, odooQuantity, textOf } from "./odoo-terms.ts";

export interface QualityHoldFlowOptions {
  /** Default `quality holds`. */
  name?: string;
  /** Default `quality`. */
  owner?: string;
  from?: readonly string[];
  /** Default: urgent, so that a hold goes before what waits for the same system. */
  policy?: Policy;
  odoo: { system: Odoo };
}

const urgent: Policy = { priority: "urgent" };

/**
 * Held material is out of reach in Odoo until a person releases it, and what is made of it meanwhile as well. A hold is
 * never placed by itself twice and never released by itself.
 */
export function qualityHoldFlow({ odoo, ...options }: QualityHoldFlowOptions): Flow<QualityHold> {
  const { from, policy = urgent } = options;
  return flow(options.name ?? "quality holds", qualityHold, {
    owner: options.owner ?? "quality",
    purpose: "Held material is out of reach in Odoo until a person releases it.",
    policy,
    ...defined({ from }),
  })
    .to(odoo.system.placeHold, { when: ({ action }) => action === "place", map: toHold })
    .to(odoo.system.releaseHold, { when: ({ action }) => action === "release", map: toRelease });
}

/** An inspection that failed holds what was inspected, under the inspection's name; a person releases it. */
export function qualityResultFlow({ odoo, ...options }: QualityHoldFlowOptions): Flow<QualityResult> {
  const { from, policy = urgent } = options;
  return flow(options.name ?? "failed inspections", qualityResult, {
    owner: options.owner ?? "quality",
    purpose: "What failed its inspection is held in Odoo until a person releases it.",
    policy,
    ...defined({ from }),
  }).to(odoo.system.placeHold, { when: ({ result }) => result === "failed", map: ofResult });
}

function toHold({
  hold,
  product,
  lot,
  serials,
  productionOrder,
  quantity,
  reason = "",
  inspection,
  nonconformance,
}: QualityHold): PlaceHold {
  const told = [
    reason,
    inspection && `Inspection ${inspection}.`,
    nonconformance && `Nonconformance ${nonconformance}.`,
  ];
  return {
    hold,
    product,
    reason: textOf(...told),
    ...defined({
      lot,
      serials,
      order: productionOrder,
      quantity: quantity && odooQuantity(quantity),
    }),
  };
}

function toRelease({ hold, disposition = "use-as-is", decidedBy, reason, note }: QualityHold): ReleaseHold {
  return { hold, disposition, note: textOf(`${decidedBy}:`, reason, note) };
}

function ofResult({
  inspection,
  product,
  lot,
  serials,
  productionOrder,
  characteristics = [],
  defects = [],
  note,
}: QualityResult): PlaceHold {
  const failed = characteristics.filter(({ result }) => result === "failed");
  const told = [
    `Inspection ${inspection} failed.`,
    ...failed.map(({ characteristic, value, unit, lower, upper }) => {
      const allowed = [lower && `at least ${lower}`, upper && `at most ${upper}`].filter(Boolean).join(" and ");
      return `${characteristic}${value === undefined ? "" : `: ${value} ${unit ?? ""}`}${allowed && ` where ${allowed} is allowed`}.`;
    }),
    ...defects.map(({ defect }) => `Defect ${defect}.`),
    note,
  ];
  return {
    hold: `inspection ${inspection}`,
    product,
    reason: textOf(...told),
    ...defined({ lot, serials, order: productionOrder }),
  };
}
