import { RejectedError, type Health } from "@lineshaft/core";
import { explain } from "@lineshaft/core";
import { isRecord, NEWEST_VERSION, type OdooConnection } from "./connection.ts";
import { readSetup, setupProblem } from "./setup.ts";

export interface CheckOptions {
  name: string;
  mode: "provisioned" | "plain";
  connection: OdooConnection;
}

/** Models and fields without which no operation works. */
const NEEDED: Readonly<Record<string, readonly string[]>> = {
  "mrp.production": ["name", "state", "origin", "qty_producing", "product_qty", "move_raw_ids", "write_date"],
  "stock.move": ["quantity", "picked", "state"],
};

/** Is it there, does it let us in, and has it all that the connector needs? Costs a few reads. */
export async function checkOdoo(options: CheckOptions, signal: AbortSignal): Promise<Health> {
  try {
    return await look(options, signal);
  } catch (error) {
    const next =
      typeof error === "object" && error !== null && "next" in error ? String(error.next) : "Read the hub's log.";
    return { ok: false, message: explain(error), next };
  }
}

async function look({ name, mode, connection }: CheckOptions, signal: AbortSignal): Promise<Health> {
  const version = await connection.version(signal);
  if (mode === "provisioned") {
    const problem = setupProblem(name, await readSetup(connection, signal));
    if (problem) return { ok: false, ...problem };
  }
  for (const [model, fields] of Object.entries(NEEDED)) {
    const missing = await missingFields(connection, model, fields, signal);
    if (missing) return { ok: false, ...missing };
  }
  const untried = version.major > NEWEST_VERSION ? ` Tried up to Odoo ${NEWEST_VERSION} only.` : "";
  return { ok: true, version: version.text, detail: `Odoo ${version.text}, ${mode}.${untried}` };
}

async function missingFields(
  connection: OdooConnection,
  model: string,
  fields: readonly string[],
  signal: AbortSignal,
) {
  const module = model.startsWith("mrp.") ? "mrp (Manufacturing)" : "stock (Inventory)";
  try {
    const told = await connection.call(
      { model, method: "fields_get", args: { allfields: fields, attributes: ["type"] } },
      signal,
    );
    const missing = fields.filter((field) => !isRecord(told) || !(field in told));
    if (missing.length === 0) return undefined;
    return {
      message: `Odoo's ${model} lacks the fields ${missing.join(", ")}.`,
      next: "Give the hub's user the rights of the modules Manufacturing and Inventory.",
    };
  } catch (error) {
    if (!(error instanceof RejectedError)) throw error;
    return {
      message: `Odoo does not show ${model} to the hub's user. ${error.said ?? ""}`.trim(),
      next: `Install the module ${module} and give the hub's user its rights.`,
    };
  }
}
