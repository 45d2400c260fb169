/** An exception as Python would have raised it: its full name decides the status and the client's branch. */
export class OdooError extends Error {
  readonly pythonName: string;
  readonly status: number;
  readonly args: readonly (string | number)[];

  constructor(pythonName: string, message: string, args: readonly (string | number)[] = [message]) {
    super(message);
    this.pythonName = pythonName;
    this.status = statusOf(pythonName);
    this.args = args;
  }
}

const statuses: Record<string, number> = {
  "odoo.exceptions.UserError": 422,
  "odoo.exceptions.ValidationError": 422,
  "odoo.exceptions.AccessError": 403,
  "odoo.exceptions.AccessDenied": 403,
  "odoo.exceptions.MissingError": 404,
  "werkzeug.exceptions.BadRequest": 400,
  "werkzeug.exceptions.Unauthorized": 401,
  "werkzeug.exceptions.NotFound": 404,
  "werkzeug.exceptions.UnprocessableEntity": 422,
};

function statusOf(pythonName: string): number {
  return statuses[pythonName] ?? 500;
}

export const userError = (message: string) => new OdooError("odoo.exceptions.UserError", message);
export const accessError = (message: string) => new OdooError("odoo.exceptions.AccessError", message);
export const accessDenied = () => new OdooError("odoo.exceptions.AccessDenied", "Access Denied");
export const valueError = (message: string) => new OdooError("builtins.ValueError", message);
export const typeError = (message: string) => new OdooError("builtins.TypeError", message);
export const keyError = (key: string) => new OdooError("builtins.KeyError", key);

/** A constraint refused the values. Odoo puts this sentence before what a database constraint says. */
export function validationError(message: string, options: { fromDatabase?: boolean } = {}): OdooError {
  const full = options.fromDatabase ? `The operation cannot be completed: ${message}` : message;
  return new OdooError("odoo.exceptions.ValidationError", full);
}

export function missingError(model: string, ids: readonly number[], uid: number): OdooError {
  const record = `${model}(${ids.join(", ")},)`;
  return new OdooError(
    "odoo.exceptions.MissingError",
    `Record does not exist or has been deleted.\n(Record: ${record}, User: ${uid})`,
  );
}

/** Two rows with the same value under a unique index. Inside a server action it surfaces as this error, elsewhere as ValidationError. */
export function uniqueViolation(table: string, column: string, value: unknown): OdooError {
  return validationError(
    `duplicate key value violates unique constraint "${table}_${column}_uniq"\nDETAIL:  Key (${column})=(${String(value)}) already exists.\n`,
    { fromDatabase: true },
  );
}

/** The database refused: `kind` is the class name psycopg2 gives it, such as `SerializationFailure`. */
export function databaseError(kind: string, message: string): OdooError {
  const name = kind === "OperationalError" ? "psycopg2.OperationalError" : `psycopg2.errors.${kind}`;
  return new OdooError(name, message);
}

/** An HTTP-level refusal of JSON-2; its arguments end with the status. */
export function httpError(kind: "BadRequest" | "Unauthorized" | "NotFound" | "UnprocessableEntity", message: string) {
  const name = `werkzeug.exceptions.${kind}`;
  return new OdooError(name, message, [message, statusOf(name)]);
}

/** The body of a refusal: JSON-2 sends it bare, JSON-RPC under `error.data`. `debug` looks like the traceback Odoo always sends. */
export function errorBody(error: OdooError, where: string): Record<string, unknown> {
  return {
    name: error.pythonName,
    message: error.message,
    arguments: error.args,
    context: {},
    debug: traceback(error, where),
  };
}

function traceback(error: OdooError, where: string): string {
  return [
    "Traceback (most recent call last):",
    '  File "/opt/odoo/odoo/http.py", line 2273, in _serve_db',
    "    return service_model.retrying(serve_func, env=self.env)",
    `  File "/opt/odoo/addons/simulated/${where}.py", line 1, in ${where.split(".").at(-1)}`,
    `${error.pythonName}: ${error.message}`,
    "",
  ].join("\n");
}

/** Anything thrown that is no OdooError is a defect of the simulator; the client sees what a Python crash looks like. */
export function asOdooError(error: unknown): OdooError {
  if (error instanceof OdooError) return error;
  const message = error instanceof Error ? `${error.message}\n${error.stack}` : String(error);
  return new OdooError("builtins.RuntimeError", message);
}
