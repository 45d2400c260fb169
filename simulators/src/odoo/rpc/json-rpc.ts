import type { Env } from "../env.ts";
import { OdooError, typeError } from "../errors.ts";
import type { Method } from "../schema.ts";
import { isObject } from "../values.ts";
import { callMethod, findMethod, missingParameter, parameterNames, refusePrivate } from "./call.ts";

/** `execute_kw(db, uid, key, model, method, args, kwargs)`: positional arguments, ids first where a method has them. */
export interface Execute {
  model: string;
  method: string;
  positional: readonly unknown[];
  named: Readonly<Record<string, unknown>>;
}

export function readExecute(args: readonly unknown[]): {
  database: string;
  uid: unknown;
  key: unknown;
  execute: Execute;
} {
  const [database, uid, key, model, method, positional = [], named = {}] = args;
  return {
    database: String(database),
    uid,
    key,
    execute: {
      model: String(model),
      method: String(method),
      positional: Array.isArray(positional) ? positional : [],
      named: isObject(named) ? named : {},
    },
  };
}

/** @throws UserError for an unknown model, AttributeError for an unknown method, TypeError for arguments that do not fit. */
export function runExecute(env: Env, execute: Execute): unknown {
  const { model, method: name } = execute;
  env.db.model(model);
  refusePrivate(model, name);
  const method = findMethod(env.db, model, name);
  if (!method) throw new OdooError("builtins.AttributeError", `The method '${model}.${name}' does not exist`);
  const { ids, args } = bind(method, name, execute);
  const result = callMethod(env, method, { model, method: name, ids, args });
  if (name === "create") return createdResult(env, execute, result as number[]);
  if (name === "copy") return env.version >= 18 ? result : (result as number[])[0];
  return result;
}

/** One record in, one id out; with the list by name 17 and 18 trip over their own answer, after the work was done. */
function createdResult(env: Env, { positional }: Execute, ids: number[]): unknown {
  if (positional.length === 0 && env.version < 19)
    throw new OdooError("builtins.IndexError", "tuple index out of range");
  return isObject(positional[0]) ? ids[0] : ids;
}

function bind(method: Method, name: string, { positional, named }: Execute) {
  const rest = [...positional];
  const first = method.on === "records" ? rest.shift() : undefined;
  const ids = Array.isArray(first) ? (first as number[]) : typeof first === "number" ? [first] : [];
  const names = parameterNames(method);
  const args: Record<string, unknown> = {};
  rest.forEach((value, at) => {
    const parameter = names[at];
    if (parameter === undefined)
      throw typeError(
        `BaseModel.${name}() takes ${names.length + 1} positional arguments but ${rest.length + 1} were given`,
      );
    args[parameter] = value;
  });
  for (const [key, value] of Object.entries(named)) {
    if (key === "context") continue;
    if (!names.includes(key)) throw typeError(`BaseModel.${name}() got an unexpected keyword argument '${key}'`);
    args[key] = value;
  }
  const missing = missingParameter(method, args);
  if (missing !== undefined)
    throw typeError(`BaseModel.${name}() missing 1 required positional argument: '${missing}'`);
  return { ids, args };
}
