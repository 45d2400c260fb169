import type { Env } from "../env.ts";
import type { Field } from "../schema.ts";

/** What `fields_get` says of each field, cut down to the attributes asked for. */
export function describeFields(env: Env, model: string, args: Readonly<Record<string, unknown>>) {
  const wanted = Array.isArray(args.allfields) && args.allfields.length > 0 ? (args.allfields as string[]) : undefined;
  const attributes = Array.isArray(args.attributes) ? (args.attributes as string[]) : undefined;
  const described: Record<string, Record<string, unknown>> = {};
  for (const [name, field] of Object.entries(env.db.model(model).fields)) {
    if (wanted && !wanted.includes(name)) continue;
    const all = describe(name, field);
    described[name] = attributes
      ? Object.fromEntries(Object.entries(all).filter(([key]) => attributes.includes(key)))
      : all;
  }
  return described;
}

function describe(name: string, field: Field): Record<string, unknown> {
  return {
    name,
    type: field.type,
    string: field.label,
    required: field.required ?? false,
    readonly: field.readonly ?? (field.compute !== undefined && field.assign === undefined),
    store: field.compute === undefined,
    manual: field.manual ?? false,
    searchable: true,
    sortable: true,
    ...(field.relation && { relation: field.relation }),
    ...(field.inverse && { relation_field: field.inverse }),
    ...(field.selection && { selection: field.selection.map((value) => [value, labelOf(value)]) }),
    ...(field.quantity && { digits: [16, 2] }),
  };
}

function labelOf(value: string): string {
  return value.charAt(0).toUpperCase() + value.slice(1).replaceAll("_", " ");
}
