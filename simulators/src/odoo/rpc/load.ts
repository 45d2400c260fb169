import type { Env } from "../env.ts";
import { asOdooError } from "../errors.ts";
import type { Field } from "../schema.ts";
import type { JsonObject, Json, Row } from "../values.ts";
import { claimExternalId, findExternalId } from "../models/ir-model-data.ts";

interface LoadMessage {
  type: "error";
  message: string;
  rows: { from: number; to: number };
  record: number;
}

/**
 * `load`: rows of strings, columns such as `id` (external id), `.id`, `product_id/.id`, `order_line/product_id/id`.
 * A known external id updates its record, a new one creates record and id together. All rows or none; what is wrong
 * comes back as messages in an answer that is otherwise a success.
 */
export function loadRecords(
  env: Env,
  model: string,
  columns: readonly string[],
  data: readonly (readonly unknown[])[],
) {
  const mark = env.transaction.mark();
  const ids: number[] = [];
  const messages: LoadMessage[] = [];
  let at = 0;
  for (const { from, rows } of groupRows(columns, data)) {
    try {
      ids.push(loadOne(env, model, columns, rows).id);
    } catch (error) {
      const place = { rows: { from, to: from + rows.length - 1 }, record: at };
      messages.push({ type: "error", message: asOdooError(error).message, ...place });
      if (error instanceof UnknownReference && error.field.required)
        messages.push({
          type: "error",
          message: `Missing required value for the field '${error.field.label}'`,
          ...place,
        });
    }
    at++;
  }
  if (messages.length === 0) return { ids, messages, nextrow: 0 };
  env.transaction.rollbackTo(mark);
  return { ids: false, messages, nextrow: 0 };
}

/** A row whose own columns are all empty continues the record above with one more line of its sub-records. */
function groupRows(columns: readonly string[], data: readonly (readonly unknown[])[]) {
  const own = columns.map((column, at) => ({ column, at })).filter(({ column }) => !isLineColumn(column));
  const groups: { from: number; rows: (readonly unknown[])[] }[] = [];
  data.forEach((row, at) => {
    const continues = groups.length > 0 && own.length > 0 && own.every((c) => row[c.at] === "" || row[c.at] === false);
    if (continues) groups.at(-1)!.rows.push(row);
    else groups.push({ from: at, rows: [row] });
  });
  return groups;
}

function isLineColumn(column: string): boolean {
  const [head, ...rest] = column.split("/");
  return rest.length > 1 || (rest.length === 1 && !["id", ".id"].includes(rest[0]!) && head !== "");
}

function loadOne(env: Env, model: string, columns: readonly string[], rows: readonly (readonly unknown[])[]): Row {
  const { externalId, databaseId, values } = readColumns(env, model, columns, rows[0]!);
  for (const [name, lines] of Object.entries(readLines(env, model, columns, rows)))
    values[name] = lines.map((line): Json => [0, 0, line]);
  const known = externalId === undefined ? undefined : findExternalId(env, externalId);
  const target = databaseId ?? (known?.model === model ? known.res_id : undefined);
  const found = typeof target === "number" ? env.find(model, target) : undefined;
  if (found) {
    env.write(model, found, values);
    return found;
  }
  const row = env.create(model, values);
  if (externalId !== undefined) claimExternalId(env, externalId, model, row.id);
  return row;
}

function readColumns(env: Env, model: string, columns: readonly string[], row: readonly unknown[]) {
  const values: JsonObject = {};
  let externalId: string | undefined;
  let databaseId: number | undefined;
  columns.forEach((column, at) => {
    const cell = row[at];
    if (column === "id") externalId = typeof cell === "string" && cell !== "" ? cell : undefined;
    else if (column === ".id") databaseId = Number(cell) || undefined;
    else if (!isLineColumn(column)) Object.assign(values, readCell(env, model, column, cell));
  });
  return { externalId, databaseId, values };
}

function readLines(env: Env, model: string, columns: readonly string[], rows: readonly (readonly unknown[])[]) {
  const lines: Record<string, JsonObject[]> = {};
  for (const row of rows) {
    const parts: Record<string, JsonObject> = {};
    columns.forEach((column, at) => {
      if (!isLineColumn(column) || row[at] === "" || row[at] === false) return;
      const [head, ...rest] = column.split("/") as [string, ...string[]];
      const target = env.db.model(model).fields[head]?.relation;
      if (target) parts[head] = { ...parts[head], ...readCell(env, target, rest.join("/"), row[at]) };
    });
    for (const [head, values] of Object.entries(parts)) (lines[head] ??= []).push(values);
  }
  return lines;
}

function readCell(env: Env, model: string, column: string, cell: unknown): JsonObject {
  const [name, kind] = column.split("/") as [string, string | undefined];
  const field = env.db.model(model).fields[name];
  if (!field) throw new Error(`No matching field '${name}' on '${model}'`);
  if (cell === "" || cell === false || cell === null || cell === undefined) return {};
  return { [name]: kind === undefined ? readPlain(env, field, cell) : readReference(env, field, kind, cell) };
}

function readReference(env: Env, field: Field, kind: string, cell: unknown): number {
  if (kind === ".id") {
    const id = Number(cell);
    if (!env.find(field.relation!, id))
      throw new UnknownReference(field, `No matching record found for database id '${id}' in field '${field.label}'`);
    return id;
  }
  const id = findExternalId(env, String(cell))?.res_id;
  if (typeof id !== "number")
    throw new UnknownReference(
      field,
      `No matching record found for external id '${String(cell)}' in field '${field.label}'`,
    );
  return id;
}

/** A reference that points at nothing; where the field is required Odoo complains of the missing value as well. */
class UnknownReference extends Error {
  readonly field: Field;

  constructor(field: Field, message: string) {
    super(message);
    this.field = field;
  }
}

function readPlain(env: Env, field: Field, cell: unknown): Json {
  if (field.relation) {
    const found = env.search(field.relation, [["name", "=", cell]], { limit: 1 })[0];
    if (!found) throw new Error(`No matching record found for name '${String(cell)}' in field '${field.label}'`);
    return found.id;
  }
  if (field.type === "boolean") return !["", "0", "false", "no"].includes(String(cell).toLowerCase());
  if (field.type === "float" || field.type === "integer") return Number(cell);
  return String(cell);
}
