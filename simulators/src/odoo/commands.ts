import type { Env } from "./env.ts";
import { valueError } from "./errors.ts";
import type { Field } from "./schema.ts";
import { refs } from "./values.ts";
import type { JsonObject, Row } from "./values.ts";

/**
 * The commands a one2many or many2many takes: `[0,0,vals]` create, `[1,id,vals]` update, `[2,id]` delete, `[3,id]`
 * unlink, `[4,id]` link, `[5]` clear, `[6,0,ids]` set. A plain list of ids sets.
 */
export function applyCommands(env: Env, model: string, row: Row, name: string, field: Field, value: unknown): void {
  if (value === false || value === null) value = [[5]];
  if (!Array.isArray(value)) throw valueError(`Wrong value for ${model}.${name}: ${JSON.stringify(value)}`);
  const commands = value.every((v) => typeof v === "number") ? [[6, 0, value]] : value;
  for (const command of commands) {
    if (!Array.isArray(command)) throw valueError(`Wrong value for ${model}.${name}: ${JSON.stringify(command)}`);
    applyOne(env, { model, row, name, field }, command);
  }
}

interface At {
  model: string;
  row: Row;
  name: string;
  field: Field;
}

function applyOne(env: Env, at: At, [kind, id, extra]: unknown[]): void {
  const target = at.field.relation!;
  switch (kind) {
    case 0:
      return create(env, at, (extra ?? {}) as JsonObject);
    case 1:
      return env.write(target, env.one(target, id as number), (extra ?? {}) as JsonObject);
    case 2:
      unlink(env, at, [id as number]);
      return env.unlink(target, env.one(target, id as number));
    case 3:
      return unlink(env, at, [id as number]);
    case 4:
      return link(env, at, [id as number]);
    case 5:
      return clear(env, at, current(env, at));
    case 6: {
      const wanted = extra as number[];
      clear(
        env,
        at,
        current(env, at).filter((had) => !wanted.includes(had)),
      );
      return link(env, at, wanted);
    }
    default:
      throw valueError(`Unknown command ${JSON.stringify(kind)} for ${at.model}.${at.name}`);
  }
}

function current(env: Env, at: At): readonly number[] {
  return refs(env.get(at.model, at.row, at.name));
}

function create(env: Env, at: At, values: JsonObject): void {
  if (at.field.type === "one2many") {
    env.create(at.field.relation!, { ...values, [at.field.inverse!]: at.row.id });
    return;
  }
  link(env, at, [env.create(at.field.relation!, values).id]);
}

function link(env: Env, at: At, ids: readonly number[]): void {
  if (at.field.type === "one2many") {
    for (const id of ids)
      env.write(at.field.relation!, env.one(at.field.relation!, id), { [at.field.inverse!]: at.row.id });
    return;
  }
  const had = current(env, at);
  env.set(at.model, at.row, { [at.name]: [...had, ...ids.filter((id) => !had.includes(id))] });
}

function unlink(env: Env, at: At, ids: readonly number[]): void {
  if (at.field.type === "many2many")
    env.set(at.model, at.row, { [at.name]: current(env, at).filter((id) => !ids.includes(id)) });
}

/** Clearing a one2many deletes what hangs on it where the link back is required. */
function clear(env: Env, at: At, ids: readonly number[]): void {
  if (at.field.type === "many2many") return unlink(env, at, ids);
  for (const id of ids) env.unlink(at.field.relation!, env.one(at.field.relation!, id));
}
