import type { Database } from "../database.ts";
import type { Env } from "../env.ts";
import { accessError } from "../errors.ts";
import type { Method } from "../schema.ts";
import { inVersion } from "../schema.ts";
import { ormMethods } from "./orm-methods.ts";

const orm = new Map<string, Readonly<Record<string, Method>>>();

/** The public method of a model, its own before the ones every model has. */
export function findMethod(db: Database, model: string, name: string): Method | undefined {
  let common = orm.get(model);
  if (!common) orm.set(model, (common = ormMethods(model)));
  const method = db.model(model).methods?.[name] ?? common[name];
  return method && inVersion(method, db.version) ? method : undefined;
}

/** @throws AccessError for a method that starts with an underscore. */
export function refusePrivate(model: string, method: string): void {
  if (method.startsWith("_"))
    throw accessError(`Private methods (such as '${model}.${method}') cannot be called remotely.`);
}

export interface Call {
  model: string;
  method: string;
  ids: readonly number[];
  args: Readonly<Record<string, unknown>>;
}

/** Checks rights and that the records are there, then runs the method. */
export function callMethod(env: Env, method: Method, call: Call): unknown {
  const needs = method.needs ?? "read";
  const open = call.model === "ir.actions.server" && call.method === "run";
  if (!open && !env.may(call.model, needs)) throw refused(env, call.model, needs);
  if (method.on === "records" && !method.lenient) env.many(call.model, call.ids);
  return method.run(env, call.ids, call.args);
}

function refused(env: Env, model: string, right: string) {
  const label = env.db.model(model).label;
  const verb = { read: "access", write: "modify", create: "create", unlink: "delete" }[right] ?? right;
  return accessError(
    `You are not allowed to ${verb} '${label}' (${model}) records.\n\nContact your administrator to request access if necessary.`,
  );
}

/** Names of parameters without the mark of a required one. */
export function parameterNames(method: Method): string[] {
  return method.params.map((name) => name.replace("*", ""));
}

export function missingParameter(method: Method, args: Readonly<Record<string, unknown>>): string | undefined {
  return method.params.find((name) => name.endsWith("*") && !(name.slice(0, -1) in args))?.slice(0, -1);
}
