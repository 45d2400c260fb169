import type { Found, Item, Outcome, Target } from "@lineshaft/core";
import { confirmationGuid, unalpha } from "../external-keys.ts";
import { compare, guidLiteral } from "../odata/literal.ts";
import { showMessage } from "../odata/sap-message.ts";
import { navigated, textField } from "../odata/service.ts";
import type { Entity, ODataService } from "../odata/service.ts";
import { confirmationBody } from "./confirmation-body.ts";
import type { Terms } from "./confirmation-body.ts";
import { orderKey, stockKey } from "./conflict-keys.ts";
import { CONFIRMATION_ITEMS, confirmationKey, showMovement } from "./movement-check.ts";
import type { Confirmed, MovementCheck, MovementReport } from "./movement-check.ts";
import type { OperationConfirmation } from "./operation-confirmation.ts";
import { writeTarget } from "./write-target.ts";
import type { Posted } from "./write-target.ts";

export interface ConfirmOperationOptions {
  service: ODataService;
  movements: MovementCheck;
  terms: Terms;
  maxBatch: number;
  settleMs: number;
  now: () => number;
}

type Confirmation = OperationConfirmation;

/**
 * Confirms operations of production orders. The confirmation carries a GUID made from the item's token in
 * `ExternalSystemConfirmation`; SAP does not keep that field unique, so nothing is sent again before it was looked for.
 */
export function confirmOperationTarget(options: ConfirmOperationOptions): Target<Confirmation> {
  const { service, terms } = options;
  return writeTarget<Confirmation>({
    ...options,
    write: ({ token, value }) => ({
      action: actionOf(value),
      path: "ProdnOrdConf2",
      body: confirmationBody(value, confirmationGuid(token), terms),
    }),
    posted: (posted, signal) => postedOutcomes(posted, options.movements, signal),
    find: (item, signal) => findConfirmation(item, service, options.movements, signal),
    conflicts: ({ value }) => [
      orderKey(value.order),
      ...(value.goodsMovements ?? []).map((movement) => stockKey(movement)),
    ],
  });
}

async function postedOutcomes(
  posted: readonly Posted<Confirmation>[],
  movements: MovementCheck,
  signal: AbortSignal,
): Promise<Outcome[]> {
  const confirmed = posted.map(({ item, written }) => confirmedOf(written.entity, item.value));
  const reports = await movements.check(
    confirmed.filter((each) => each !== undefined),
    signal,
  );
  return posted.map(({ item, written }, index) => {
    const it = confirmed[index];
    const report = it && reports.shift();
    if (!it || !report) return unnumbered(item);
    const warnings = written.messages.filter(({ severity }) => severity === "warning" || severity === "error");
    const note = noteOf(
      it,
      report,
      warnings.map((warning) => showMessage(warning)),
    );
    return {
      kind: "done",
      receipt: receiptOf(it),
      response: { ...responseOf(it, report), messages: written.messages, repeatable: written.repeatable },
      ...(note !== undefined && { note }),
    };
  });
}

async function findConfirmation(
  { token, value }: Item<Confirmation>,
  service: ODataService,
  movements: MovementCheck,
  signal: AbortSignal,
): Promise<Found> {
  const guid = confirmationGuid(token);
  // By the key alone: a person may have corrected the order since it was sent.
  const filter = compare("ExternalSystemConfirmation", "eq", guidLiteral(guid));
  const entities = await service.readAll("ProdnOrdConf2", { $filter: filter, $expand: CONFIRMATION_ITEMS }, signal);
  // A cancellation of a confirmation is an entry of its own; it is not what was sent.
  const [first, ...others] = entities.filter((entity) => entity["IsReversal"] !== true);
  const it = first && confirmedOf(first, value);
  if (!first || !it) {
    return { kind: "absent", evidence: `There is no confirmation with external key ${guid}.` };
  }
  const [report] = await movements.check([it], signal);
  const notes: string[] = [];
  if (others.length > 0)
    notes.push(
      `It stands ${others.length + 1} times in SAP: ${others.map(confirmationKey).join(", ")} should be cancelled.`,
    );
  if (first["IsReversed"] === true) notes.push(`Confirmation ${receiptOf(it)} has been cancelled in SAP since.`);
  const note = report && first["IsReversed"] !== true ? noteOf(it, report, notes) : notes.join(" ") || undefined;
  return {
    kind: "found",
    receipt: receiptOf(it),
    ...(report && { response: responseOf(it, report) }),
    ...(note !== undefined && { note }),
  };
}

function confirmedOf(entity: Entity, value: Confirmation): Confirmed | undefined {
  const group = textField(entity, "ConfirmationGroup");
  const count = textField(entity, "ConfirmationCount");
  if (group === undefined || count === undefined) return undefined;
  return { group, count, value, items: navigated(entity, CONFIRMATION_ITEMS) };
}

/** The sentence that tells a confirmation without its goods movements from one that failed. */
function noteOf(it: Confirmed, report: MovementReport, more: readonly string[]): string | undefined {
  const notes = [...more];
  if (report.kind === "missing") {
    const list = report.missing.map((movement) => showMovement(movement)).join(", ");
    notes.unshift(
      `Confirmation ${receiptOf(it)} stands, but ${report.missing.length} of its goods movements are not posted: ${list}. Post them in SAP (COGI).`,
    );
  }
  if (report.kind === "unchecked") {
    notes.unshift(
      `Confirmation ${receiptOf(it)} stands; whether its goods movements are posted is not known: ${report.why}`,
    );
  }
  return notes.length === 0 ? undefined : notes.join(" ");
}

function responseOf(it: Confirmed, report: MovementReport) {
  return { confirmation: receiptOf(it), order: unalpha(it.value.order), goodsMovements: report };
}

function receiptOf({ group, count }: Confirmed): string {
  return `${group}/${count}`;
}

function unnumbered(item: Item<Confirmation>): Outcome {
  return {
    kind: "uncertain",
    message: `SAP said yes to the ${actionOf(item.value)}, but named no confirmation.`,
    next: "The hub looks it up.",
  };
}

function actionOf(value: Confirmation): string {
  return `confirmation of order ${unalpha(value.order)}, operation ${value.operation}`;
}
