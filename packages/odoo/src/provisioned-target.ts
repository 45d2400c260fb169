import {
  RejectedError,
  UnavailableError,
  UncertainError,
  type Found,
  type Item,
  type Operation,
  type Outcome,
  type Target,
} from "@lineshaft/core";
import { conflictsOf, type ConflictOptions } from "./conflicts.ts";
import { isRecord, type OdooConnection } from "./connection.ts";
import { BATCH_ITEMS, type OperationName } from "./operations.ts";
import { OPERATION_MODEL, PROTOCOL, type ActionAnswer, type ActionRequest, type ActionResult } from "./protocol.ts";
import { nextStep } from "./next-steps.ts";
import type { SetupFinder } from "./setup.ts";
import { toWire } from "./values.ts";

export interface ProvisionedTargetOptions extends ConflictOptions {
  connection: OdooConnection;
  setup: SetupFinder;
  operation: Operation<unknown>;
  name: OperationName;
  warehouse?: string;
  units?: Readonly<Record<string, string>>;
}

/**
 * An operation through the provisioned server action: a whole batch is one call and one transaction, in which each
 * item's token is claimed. Sending an item again is harmless, also while the first call still runs.
 */
export function provisionedTarget(options: ProvisionedTargetOptions): Target {
  return {
    repeat: { kind: "repeatable", find: (item, signal) => findToken(options.connection, item, signal) },
    maxBatch: BATCH_ITEMS,
    keepsOrder: true,
    conflicts: (item) => conflictsOf(options.name, item.value, options),
    async send(items, signal) {
      const outcomes: (Outcome | undefined)[] = items.map((item) => unfitting(options, item));
      const fitting = items.filter((_, place) => outcomes[place] === undefined);
      const answered = fitting.length === 0 ? [] : await sendFitting(options, fitting, signal);
      return outcomes.map((outcome) => outcome ?? answered.shift() ?? noOutcome());
    },
  };
}

function unfitting({ operation, name }: ProvisionedTargetOptions, item: Item<unknown>): Outcome | undefined {
  const [finding] = operation.check(item.value);
  if (!finding) return undefined;
  return {
    kind: "rejected",
    reason: "value-invalid",
    message: `The value does not fit the operation ${name} at ${finding.field || "its top"}: ${finding.value ?? "missing"}.`,
    next: finding.fix,
  };
}

/** A call that Odoo refuses as a whole is cut in halves, so that only what causes it is refused. */
async function sendFitting(
  options: ProvisionedTargetOptions,
  items: Item<unknown>[],
  signal: AbortSignal,
): Promise<Outcome[]> {
  try {
    return await run(options, items, signal);
  } catch (error) {
    if (!(error instanceof RejectedError)) throw error;
    if (error.reason === "not-allowed" || error.reason === "record-gone") throw notRunnable(options, error);
    if (items.length === 1) throw error;
    const half = Math.ceil(items.length / 2);
    const first = await sendFitting(options, items.slice(0, half), signal);
    return [...first, ...(await sendFitting(options, items.slice(half), signal))];
  }
}

async function run(options: ProvisionedTargetOptions, items: Item<unknown>[], signal: AbortSignal): Promise<Outcome[]> {
  const { connection, setup, name, company, warehouse, units } = options;
  const { action } = await setup.find(signal);
  const request: ActionRequest = {
    protocol: PROTOCOL,
    operation: name,
    ...(company !== undefined && { company }),
    ...(warehouse !== undefined && { warehouse }),
    ...(units && { units }),
    items: items.map(({ token, key, value }) => ({ token, key, value: toWire(value) })),
  };
  const answer = await connection.call(
    { model: "ir.actions.server", method: "run", ids: [action], context: { lineshaft: request }, effect: true },
    signal,
  );
  if (!isAnswer(answer) || answer.lineshaft.results.length !== items.length) throw strangeAnswer();
  return answer.lineshaft.results.map((result, place) => outcomeOf(name, result, items[place]?.token));
}

function outcomeOf(name: OperationName, result: ActionResult, token: string | undefined): Outcome {
  if (result.token !== token) throw strangeAnswer();
  switch (result.status) {
    case "done":
      return { kind: "done", receipt: result.receipt, ...(result.detail && { response: result.detail }) };
    case "duplicate":
      return { kind: "done", receipt: result.receipt, already: true };
    case "rejected":
      return { kind: "rejected", reason: result.reason, message: result.message, next: nextStep(result.reason) };
    case "skipped":
      return {
        kind: "unavailable",
        message: result.message,
        next: "It is sent again when what stands before it in its order has been settled.",
      };
  }
  throw strangeAnswer();
}

/** Nothing was applied: the action is gone or closed to the hub's user. */
function notRunnable({ setup, operation }: ProvisionedTargetOptions, error: RejectedError): UnavailableError {
  setup.forget();
  return new UnavailableError(
    `The hub's user may not run the server action of Lineshaft in ${operation.system.name}.`,
    {
      ...(error.said !== undefined && { said: error.said }),
      next: `Run: lineshaft odoo provision ${operation.system.name}`,
      cause: error,
    },
  );
}

async function findToken(connection: OdooConnection, item: Item<unknown>, signal: AbortSignal): Promise<Found> {
  const rows = await connection.call(
    {
      model: OPERATION_MODEL,
      method: "search_read",
      args: { domain: [["x_name", "=", item.token]], fields: ["x_receipt", "x_model", "x_res_id"], limit: 1 },
    },
    signal,
  );
  const row: unknown = Array.isArray(rows) ? rows[0] : undefined;
  if (!isRecord(row)) return { kind: "absent", evidence: `no row ${item.token} in ${OPERATION_MODEL}` };
  return { kind: "found", receipt: String(row["x_receipt"]), response: { model: row["x_model"], id: row["x_res_id"] } };
}

function isAnswer(value: unknown): value is ActionAnswer {
  return isRecord(value) && isRecord(value["lineshaft"]) && Array.isArray(value["lineshaft"]["results"]);
}

function strangeAnswer(): UncertainError {
  return new UncertainError("The server action of Lineshaft answered in a way the hub does not know.", {
    next: "Provision Odoo again with this version of Lineshaft; the items are looked up before they are sent again.",
  });
}

function noOutcome(): Outcome {
  return { kind: "uncertain", message: "Odoo gave no outcome for this item." };
}
