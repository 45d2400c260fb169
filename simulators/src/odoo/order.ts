import type { Env } from "./env.ts";
import { valueError } from "./errors.ts";
import type { Row, Value } from "./values.ts";

/** Sorts in place by `field [desc], …`; what is empty comes last ascending and first descending, as in PostgreSQL. */
export function sortRows(env: Env, model: string, rows: Row[], order: string): void {
  if (order === "id") {
    rows.sort((a, b) => a.id - b.id);
    return;
  }
  const keys = order.split(",").map((part) => readKey(env, model, part.trim()));
  rows.sort((a, b) => {
    for (const { of, direction } of keys) {
      const difference = compare(of(a), of(b)) * direction;
      if (difference !== 0) return difference;
    }
    return a.id - b.id;
  });
}

function readKey(env: Env, model: string, part: string) {
  const [name = "", direction = "asc"] = part.split(/\s+/);
  const field = env.db.model(model).fields[name];
  if (!field) throw valueError(`Invalid field '${name}' on '${model}' in order "${part}"`);
  const of = (row: Row): Value => {
    const value = name === "id" ? row.id : env.get(model, row, name);
    return value === false && field.type !== "boolean" ? Number.POSITIVE_INFINITY : value;
  };
  return { of, direction: direction.toLowerCase() === "desc" ? -1 : 1 };
}

function compare(a: Value, b: Value): number {
  if (a === b) return 0;
  if (a === Number.POSITIVE_INFINITY) return 1;
  if (b === Number.POSITIVE_INFINITY) return -1;
  return a < b ? -1 : 1;
}
