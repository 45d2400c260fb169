import { isRecord, type OdooConnection } from "./connection.ts";

const known = new WeakMap<OdooConnection, Map<string, Promise<ReadonlySet<string>>>>();

/**
 * Those of the fields that this Odoo has and shows to the hub's user. Modules add some, and groups hide some; asked
 * once for each connection.
 */
export async function knownFields(
  connection: OdooConnection,
  model: string,
  fields: readonly string[],
  signal: AbortSignal,
): Promise<string[]> {
  const models = known.get(connection) ?? new Map<string, Promise<ReadonlySet<string>>>();
  known.set(connection, models);
  let present = models.get(model);
  if (present === undefined) {
    present = fieldsOf(connection, model, signal).catch((error: unknown) => {
      models.delete(model);
      throw error;
    });
    models.set(model, present);
  }
  const names = await present;
  return fields.filter((field) => names.has(field));
}

async function fieldsOf(connection: OdooConnection, model: string, signal: AbortSignal): Promise<ReadonlySet<string>> {
  const told = await connection.call({ model, method: "fields_get", args: { attributes: ["type"] } }, signal);
  return new Set(isRecord(told) ? Object.keys(told) : []);
}
