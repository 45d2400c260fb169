import type { Env } from "../env.ts";
import { valueError } from "../errors.ts";
import type { Field } from "../schema.ts";
import type { Row, Value } from "../values.ts";

/** Records as `read` and `search_read` answer them: a many2one as `[id, name]`, or the bare id with `load: null`. */
export function readRecords(env: Env, model: string, rows: readonly Row[], args: Readonly<Record<string, unknown>>) {
  const registered = env.db.model(model);
  const wanted = Array.isArray(args.fields) && args.fields.length > 0 ? (args.fields as string[]) : undefined;
  const names = wanted ?? Object.keys(registered.fields);
  const withNames = args.load === undefined || args.load === "_classic_read";
  for (const name of names) if (!registered.fields[name]) throw valueError(`Invalid field '${name}' on '${model}'`);
  return rows.map((row) => {
    const answer: Record<string, unknown> = { id: row.id };
    for (const name of names)
      answer[name] = name === "id" ? row.id : shown(env, model, row, name, registered.fields[name]!, withNames);
    return answer;
  });
}

function shown(env: Env, model: string, row: Row, name: string, field: Field, withNames: boolean): unknown {
  if (name === "display_name") return env.displayName(row, model);
  const value: Value = env.get(model, row, name);
  if (field.type === "datetime" && typeof value === "string") return value.slice(0, 19);
  if (field.type !== "many2one" || typeof value !== "number" || !withNames) return value;
  const target = env.db.has(field.relation!) ? env.find(field.relation!, value) : undefined;
  return [value, target ? env.displayName(target, field.relation) : `${field.relation},${value}`];
}
