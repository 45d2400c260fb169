import type { Env } from "../env.ts";
import { loadRecords } from "./load.ts";
import { readRecords } from "./read.ts";
import { describeFields } from "./fields-get.ts";
import type { Method } from "../schema.ts";
import { isObject, num, text } from "../values.ts";
import type { JsonObject, Row, Value } from "../values.ts";

type Args = Readonly<Record<string, unknown>>;

/** The methods every model has, by name. A `*` marks a required parameter. */
export function ormMethods(model: string): Readonly<Record<string, Method>> {
  return {
    search: {
      on: "model",
      params: ["domain*", "offset", "limit", "order"],
      run: (env, _, args) => env.search(model, args.domain, paging(args)).map((row) => row.id),
    },
    search_count: {
      on: "model",
      params: ["domain*", "limit"],
      run: (env, _, args) => env.search(model, args.domain, paging(args)).length,
    },
    search_read: {
      on: "model",
      params: ["domain", "fields", "offset", "limit", "order", "load"],
      run: (env, _, args) => readRecords(env, model, env.search(model, args.domain, paging(args)), args),
    },
    read: { on: "records", params: ["fields", "load"], lenient: true, run: readExisting(model) },
    exists: { on: "records", params: [], lenient: true, run: (env, ids) => existing(env, model, ids).map((r) => r.id) },
    create: {
      on: "model",
      params: ["vals_list*"],
      needs: "create",
      run: (env, _, args) => createAll(env, model, args.vals_list),
    },
    write: {
      on: "records",
      params: ["vals*"],
      needs: "write",
      run: (env, ids, args) => {
        for (const row of env.many(model, ids)) env.write(model, row, asObject(args.vals));
        return true;
      },
    },
    unlink: {
      on: "records",
      params: [],
      needs: "unlink",
      run: (env, ids) => {
        for (const row of env.many(model, ids)) env.unlink(model, row);
        return true;
      },
    },
    copy: {
      on: "records",
      params: ["default"],
      needs: "create",
      run: (env, ids, args) => copyAll(env, model, ids, args),
    },
    load: {
      on: "model",
      params: ["fields*", "data*"],
      needs: "create",
      run: (env, _, args) => loadRecords(env, model, args.fields as string[], args.data as unknown[][]),
    },
    fields_get: {
      on: "model",
      params: ["allfields", "attributes"],
      run: (env, _, args) => describeFields(env, model, args),
    },
    default_get: {
      on: "model",
      params: ["fields_list*"],
      run: (env, _, args) => {
        const defaults = env.defaults(env.db.model(model), {});
        return Object.fromEntries(Object.entries(defaults).filter(([n]) => (args.fields_list as string[]).includes(n)));
      },
    },
    name_search: {
      on: "model",
      params: ["name", "args", "operator", "limit"],
      run: (env, _, args) => searchNames(env, model, args),
    },
    has_access: {
      on: "records",
      params: ["operation*"],
      since: 18,
      lenient: true,
      run: (env, _, args) => env.may(model, String(args.operation)),
    },
    check_access_rights: {
      on: "model",
      params: ["operation*", "raise_exception"],
      until: 18,
      run: (env, _, args) => env.may(model, String(args.operation)),
    },
  };
}

function paging(args: Args) {
  return {
    offset: num(args.offset as Value),
    limit: num(args.limit as Value) || undefined,
    order: text(args.order as Value) || undefined,
  };
}

function existing(env: Env, model: string, ids: readonly number[]): Row[] {
  return ids.map((id) => env.find(model, id)).filter((row) => row !== undefined);
}

/** Reading a record that is gone gives fewer rows, not an error. */
function readExisting(model: string) {
  return (env: Env, ids: readonly number[], args: Args) => readRecords(env, model, existing(env, model, ids), args);
}

function asObject(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}

function createAll(env: Env, model: string, values: unknown): number[] {
  const list = Array.isArray(values) ? values : [values];
  return list.map((one) => env.create(model, asObject(one)).id);
}

function copyAll(env: Env, model: string, ids: readonly number[], args: Args): number[] {
  return env.many(model, ids).map((row) => copyRow(env, model, row, asObject(args.default)).id);
}

/** Copies stored values and, for the lines of a bill of materials or a transfer, the records that hang on it. */
export function copyRow(env: Env, model: string, row: Row, overrides: JsonObject): Row {
  const values: JsonObject = {};
  for (const [name, field] of Object.entries(env.db.model(model).fields)) {
    if (field.compute || field.readonly || field.copied === false || name === "id") continue;
    const value = env.get(model, row, name);
    values[name] = Array.isArray(value) ? [[6, 0, [...value]]] : (value as string | number | boolean);
  }
  const copy = env.create(model, { ...values, ...overrides });
  for (const child of copiedChildren[model] ?? [])
    for (const line of env.of(child.model, child.field, row.id))
      copyRow(env, child.model, line, { [child.field]: copy.id });
  return copy;
}

const copiedChildren: Readonly<Record<string, { model: string; field: string }[]>> = {
  "mrp.bom": [
    { model: "mrp.bom.line", field: "bom_id" },
    { model: "mrp.routing.workcenter", field: "bom_id" },
    { model: "mrp.bom.byproduct", field: "bom_id" },
  ],
};

function searchNames(env: Env, model: string, args: Args): [number, string][] {
  const wanted = text(args.name as Value);
  const operator = text(args.operator as Value) || "ilike";
  const rows = env.search(model, args.args ?? []);
  const matches = (name: string) =>
    operator === "=" ? name === wanted : name.toLowerCase().includes(wanted.toLowerCase());
  return rows
    .map((row): [number, string] => [row.id, env.displayName(row, model)])
    .filter(([, name]) => matches(name))
    .slice(0, num(args.limit as Value) || 100);
}
