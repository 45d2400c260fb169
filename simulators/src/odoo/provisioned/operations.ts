import type { Env } from "../env.ts";
import { OdooError, userError } from "../errors.ts";
import { isObject, num, text } from "../values.ts";
import type { Row } from "../values.ts";
import { completeOrder } from "./complete-order.ts";
import { consumeMaterial } from "./consume-material.ts";
import { correctCompletion } from "./correct-completion.ts";
import { placeHold, releaseHold } from "./holds.ts";
import { LEDGER } from "./kept.ts";
import { saveBill, saveProduct } from "./master-data.ts";
import { createOrder } from "./orders.ts";
import { moveStock, scrap, setStock } from "./stock.ts";
import { Refusal, Terms } from "./terms.ts";
import type { Request } from "./terms.ts";
import { alertPlanner, logDowntime, logWorkTime, requestMaintenance } from "./work.ts";

/** What an operation made: the record that now stands for it, and what the hub calls it by. */
export interface Applied {
  model: string;
  row: Row;
  receipt: string;
  detail: Record<string, unknown>;
  /** What it is about, and what later operations about the same need to know. */
  about?: string;
  kept?: unknown;
}

// oxlint-disable-next-line typescript/no-explicit-any -- values are checked by the connector before they are sent
type Operation = (terms: Terms, value: any, token: string) => Applied;

const operations: Readonly<Record<string, Operation>> = {
  createOrder,
  completeOrder,
  correctCompletion,
  consumeMaterial,
  moveStock,
  placeHold,
  releaseHold,
  setStock,
  scrap,
  logWorkTime,
  logDowntime,
  requestMaintenance,
  alertPlanner,
  saveProduct,
  saveBillOfMaterials: saveBill,
};

interface Item {
  token: string;
  key: string;
  value: unknown;
}

interface ActionRequest extends Request {
  protocol: number;
  operation: string;
  items: readonly Item[];
}

type Result = { token: string; status: string } & Record<string, unknown>;

/**
 * The connector's server action: each item claims its token and takes effect in the same transaction, or is refused
 * with nothing left behind. Items of one key go in their order, none after a failed one.
 */
export function runOperations(env: Env, action: { protocol: number; hash: string }): unknown {
  const request = env.context.lineshaft;
  if (!isObject(request))
    throw userError("This action works for Lineshaft only; it does nothing when it is started by hand.");
  const { protocol, operation: name, items } = request as unknown as ActionRequest;
  if (protocol !== action.protocol)
    throw userError(`This action speaks protocol ${action.protocol}, the caller ${protocol}.`);
  const operation = operations[name];
  if (!operation) throw new OdooError("builtins.ValueError", `KeyError: '${name}'`);
  const terms = new Terms(env.sudo({ lang: "en_US", tz: "UTC" }), request);
  const results = runBatch(terms, operation, name, items);
  return { lineshaft: { protocol: action.protocol, code: action.hash, results } };
}

function runBatch(terms: Terms, operation: Operation, name: string, items: readonly Item[]): Result[] {
  const failed = new Map<string, string>();
  return items.map((item) => {
    const known = terms.env.of(LEDGER, "x_name", item.token)[0];
    if (known) return duplicate(item.token, known);
    const before = failed.get(item.key);
    if (before !== undefined)
      return { token: item.token, status: "skipped", message: `An earlier item of the same key failed: ${before}` };
    const result = runItem(terms, operation, name, item);
    if (result.status === "rejected") failed.set(item.key, String(result.message));
    return result;
  });
}

function duplicate(token: string, row: Row): Result {
  return { token, status: "duplicate", receipt: text(row.x_receipt), model: text(row.x_model), id: num(row.x_res_id) };
}

function runItem(terms: Terms, operation: Operation, name: string, item: Item): Result {
  const { env } = terms;
  const mark = env.transaction.mark();
  try {
    const { model, row, receipt, detail, about, kept } = operation(terms, item.value, item.token);
    env.create(LEDGER, {
      x_name: item.token,
      x_operation: name,
      x_receipt: receipt,
      x_model: model,
      x_res_id: row.id,
      ...(about !== undefined && { x_about: about }),
      ...(kept !== undefined && { x_kept: JSON.stringify(kept) }),
    });
    env.transaction.afterCommit.push(() => env.db.effects.add(item.token));
    return { token: item.token, status: "done", receipt, model, id: row.id, detail };
  } catch (error) {
    env.transaction.rollbackTo(mark);
    return rejected(item.token, error);
  }
}

const refusals = new Set(["UserError", "ValidationError", "AccessError", "MissingError"]);

function rejected(token: string, error: unknown): Result {
  if (error instanceof Refusal) return { token, status: "rejected", reason: error.reason, message: error.message };
  const said = error instanceof OdooError && refusals.has(error.pythonName.split(".").at(-1)!);
  const message = error instanceof Error ? error.message : String(error);
  return { token, status: "rejected", reason: said ? "odoo-refused" : "odoo-failed", message };
}
