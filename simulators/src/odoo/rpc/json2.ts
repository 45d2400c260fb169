import type { Env } from "../env.ts";
import { httpError } from "../errors.ts";
import { isObject } from "../values.ts";
import { callMethod, findMethod, missingParameter, parameterNames, refusePrivate } from "./call.ts";
import type { Call } from "./call.ts";
import type { Method } from "../schema.ts";

/** `POST /json/2/<model>/<method>` (19): one object of named arguments plus `ids` and `context`. */
export function readJson2(path: string, body: unknown): { call: Call; context: Record<string, unknown> } {
  const [model = "", method = ""] = path.split("/").map(decodeURIComponent);
  const { ids = [], context = {}, ...args } = isObject(body) ? body : {};
  const list = Array.isArray(ids) ? (ids as number[]) : [ids as number];
  return { call: { model, method, ids: list, args }, context: isObject(context) ? context : {} };
}

/** @throws NotFound for an unknown model or method, UnprocessableEntity for arguments that do not fit. */
export function runJson2(env: Env, call: Call): unknown {
  const method = bindJson2(env, call);
  const result = callMethod(env, method, call);
  return result === undefined ? null : result;
}

export function bindJson2(env: Env, call: Call): Method {
  if (!env.db.has(call.model)) throw httpError("NotFound", `the model '${call.model}' does not exist`);
  refusePrivate(call.model, call.method);
  const method = findMethod(env.db, call.model, call.method);
  if (!method) throw httpError("NotFound", `The method '${call.model}.${call.method}' does not exist`);
  if (method.on === "model" && call.ids.length > 0)
    throw httpError("UnprocessableEntity", `cannot call ${call.model}.${call.method} with ids`);
  const missing = missingParameter(method, call.args);
  if (missing !== undefined) throw httpError("UnprocessableEntity", `missing a required argument: '${missing}'`);
  const known = parameterNames(method);
  const unknown = Object.keys(call.args).find((name) => !known.includes(name));
  if (unknown !== undefined) throw httpError("UnprocessableEntity", `got an unexpected keyword argument '${unknown}'`);
  return method;
}
