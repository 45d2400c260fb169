import { LineshaftError } from "@lineshaft/core";
import { type Flow, type Policy, flow } from "@lineshaft/engine";
import { type CompletionChange, type CompletionCorrection, completionCorrection } from "@lineshaft/model";
import type { CorrectCompletion, Odoo } from "@lineshaft/odoo";
import type { OperationConfirmation, S4 } from "@lineshaft/sap";
import { defined, odooQuantity, textOf } from "./odoo-terms.ts";
import { s4Sum } from "./s4-terms.ts";

export interface CompletionCorrectionFlowOptions {
  /** Default `completion corrections`. */
  name?: string;
  /** Default `production control`. */
  owner?: string;
  from?: readonly string[];
  policy?: Policy;
  odoo?: {
    system: Odoo;
    /** Which corrections are of completions that Odoo has; as `counts` of `completionFlow`. Default all. */
    counts?(correction: CompletionCorrection): boolean;
  };
  s4?: {
    system: S4;
    /** Operation of corrections that name none. */
    operation?: string;
    /** The plant's scrap and rework reasons to SAP's variance reasons, at most four characters. */
    reasons?: Readonly<Record<string, string>>;
  };
}

/**
 * Completions that were counted wrongly are corrected, after they were booked and in the order's own sequence. Odoo
 * scraps good pieces that are none, takes back pieces that were never made, and completes what was counted too low. SAP
 * gets what was counted too low as a further confirmation; for anything else a confirmation has to be cancelled, which
 * parks for a person.
 */
export function completionCorrectionFlow(options: CompletionCorrectionFlowOptions): Flow<CompletionCorrection> {
  const { odoo, s4, from, policy } = options;
  let made = flow(options.name ?? "completion corrections", completionCorrection, {
    owner: options.owner ?? "production control",
    purpose: "What was counted wrongly is corrected in Odoo and SAP.",
    ...defined({ from, policy }),
  });
  if (odoo) made = made.to(odoo.system.correctCompletion, { when: (it) => odoo.counts?.(it) ?? true, map: toOdoo });
  if (s4) made = made.to(s4.system.confirmOperation, (correction) => toS4(correction, s4));
  return made;
}

/** Most changes that the note at the order tells one by one. */
const NOTED_CHANGES = 20;

function toOdoo(correction: CompletionCorrection): CorrectCompletion {
  const { productionOrder, completion, changes, reason, operator, note } = correction;
  return {
    order: productionOrder,
    report: completion,
    changes: changes.map(({ from, to, quantity, lot, reason: code }) => ({
      from,
      to,
      quantity: odooQuantity(quantity),
      ...defined({ lot, reason: code }),
    })),
    note: textOf(...changes.slice(0, NOTED_CHANGES).map(told), reason, `(${operator}, report ${completion}).`, note),
  };
}

function told({ from, to, quantity, reason }: CompletionChange): string {
  return `Corrected: ${quantity.value} ${quantity.unit} from ${from} to ${to}${reason === undefined ? "" : ` (${reason})`}.`;
}

function toS4(
  correction: CompletionCorrection,
  { operation, reasons }: NonNullable<CompletionCorrectionFlowOptions["s4"]>,
): OperationConfirmation {
  const { productionOrder, changes, time, completion, operator, reason } = correction;
  if (changes.some(({ from }) => from !== "nothing")) throw notInS4(correction);
  const unit = changes[0]?.quantity.unit ?? "C62";
  const sumOf = (what: string): string => {
    const parts = changes.filter(({ to }) => to === what).map(({ quantity }) => quantity);
    return parts.length === 0 ? "0" : s4Sum(parts, unit);
  };
  const code = changes.find((change) => change.reason !== undefined)?.reason;
  return {
    order: productionOrder,
    operation: correction.operation ?? operation ?? "",
    yield: sumOf("yield"),
    scrap: sumOf("scrap"),
    rework: sumOf("rework"),
    unit,
    final: "partial",
    postedAt: time,
    enteredBy: operator.slice(0, 12),
    text: `Corrects ${completion}: ${reason}`.slice(0, 40),
    ...defined({ scrapReason: code === undefined ? undefined : reasons?.[code] }),
  };
}

function notInS4({ completion, changes, operator }: CompletionCorrection): LineshaftError {
  const wrong = changes.map(told).join(" ");
  return new LineshaftError(
    "mapping-failed",
    `SAP cannot take back part of a confirmation, which the correction of ${completion} by ${operator} asks for. ${wrong}`,
    {
      next: "Cancel the confirmation in SAP (CO13), enter it anew with the right quantities, then say that it is done.",
    },
  );
}
