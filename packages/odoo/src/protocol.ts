import type { OperationName } from "./operations.ts";

/**
 * The shapes between the hub and the server action that provisioning installs in Odoo.
 *
 * The call, one for a whole batch and one transaction in Odoo:
 * `ir.actions.server.run(ids = [action], context = { lineshaft: ActionRequest })`, answered with `ActionAnswer`.
 * Odoo 17 and 18: `/jsonrpc` `execute_kw(db, uid, key, "ir.actions.server", "run", [[action]], { context })`;
 * Odoo 19: `POST /json/2/ir.actions.server/run` `{ ids: [action], context }`.
 * The action's id is read from the row `operations` of `SETUP_MODEL`.
 */
export const PROTOCOL = 3;

/** Which action is installed. Rows: `x_name` = `operations`; fields x_name, x_action_id (integer), x_code, x_protocol (integer). */
export const SETUP_MODEL = "x_lineshaft_setup";

/**
 * One row per applied item, written in the same transaction as its effect: x_name (our token, UNIQUE), x_operation,
 * x_receipt, x_model, x_res_id (integer), x_about (what it is about: a report's id), x_kept (JSON, what later operations
 * about the same need to know). Readable by the hub's user, so a look-up is a plain `search_read`.
 */
export const OPERATION_MODEL = "x_lineshaft_operation";

/** Changes to fetch: x_name (model), x_res_id (integer), x_event (`write`, `unlink`). The hub deletes a row when it has it. */
export const OUTBOX_MODEL = "x_lineshaft_outbox";

export interface ActionRequest {
  protocol: typeof PROTOCOL;
  operation: OperationName;
  /** Name of the company; absent: the user's own. */
  company?: string;
  /** Short name (code) of the warehouse; absent: the company's first. */
  warehouse?: string;
  /** Unit code to Odoo's unit name, where it differs from the built-in map. */
  units?: Record<string, string>;
  items: ActionItem[];
}

export interface ActionItem {
  token: string;
  /** Order key: items of one key are applied in their order, none after a failed one. */
  key: string;
  /** The operation's value (`OperationValue`), times turned into naive UTC `YYYY-MM-DD HH:MM:SS`. */
  value: unknown;
}

export interface ActionAnswer {
  lineshaft: {
    protocol: number;
    /** Hash of the action's code, as in `SETUP_MODEL.x_code`. */
    code: string;
    /** One per item, in order. */
    results: ActionResult[];
  };
}

export type ActionResult =
  /** Applied now. `receipt` is Odoo's name for what now stands: `WH/MO/00014-001`. */
  | { token: string; status: "done"; receipt: string; model: string; id: number; detail?: Record<string, unknown> }
  /** The token was applied before, or earlier in this batch. Nothing was done. */
  | { token: string; status: "duplicate"; receipt: string; model: string; id: number }
  /** Refused, with nothing of the item left behind. `reason` is one of `ActionReason`. */
  | { token: string; status: "rejected"; reason: ActionReason; message: string }
  /** Not tried, because an earlier item of the same key failed. */
  | { token: string; status: "skipped"; message: string };

export const actionReasons = [
  "product-unknown",
  "product-ambiguous",
  "unit-unknown",
  "unit-mismatch",
  "too-many-digits",
  "location-unknown",
  "lot-unknown",
  "lot-missing",
  "lots-sum",
  "serial-count",
  "order-unknown",
  "order-ambiguous",
  "order-exists",
  "order-closed",
  "order-not-released",
  "bill-unknown",
  "component-unknown",
  "work-center-unknown",
  "operation-unknown",
  "loss-unknown",
  "equipment-unknown",
  "user-unknown",
  "nothing-reported",
  "report-unknown",
  "correction-exceeds",
  "not-reversible",
  "consumption-open",
  "lot-held",
  "hold-unknown",
  "insufficient-stock",
  "module-missing",
  "not-completed",
  "value-invalid",
  /** Odoo itself refused: UserError, ValidationError, AccessError, MissingError; `message` says what it said. */
  "odoo-refused",
  /** An unexpected exception in Odoo; only this item was rolled back. */
  "odoo-failed",
] as const;

export type ActionReason = (typeof actionReasons)[number];
