import type { Env } from "./env.ts";
import type { Row, Value, Version } from "./values.ts";

export type FieldType =
  | "char"
  | "text"
  | "html"
  | "integer"
  | "float"
  | "boolean"
  | "date"
  | "datetime"
  | "selection"
  | "many2one"
  | "one2many"
  | "many2many";

export interface Field {
  type: FieldType;
  label: string;
  /** The model a relation points at; for a one2many also the field over there that points back. */
  relation?: string;
  inverse?: string;
  selection?: readonly string[];
  required?: boolean;
  readonly?: boolean;
  /** Kept in a lookup table, so that `=` and `in` need no scan. Many2one fields always are. */
  indexed?: boolean;
  /** Rounded to the database's precision of quantities when written. */
  quantity?: boolean;
  /** Left out by `copy`. */
  copied?: boolean;
  default?: Value | ((env: Env) => Value);
  /** Worked out on every read, never stored. */
  compute?: (env: Env, row: Row) => Value;
  /** Takes what is written to a computed field, such as `inventory_quantity_auto_apply`. */
  assign?: (env: Env, row: Row, value: Value) => void;
  /** First and last version that has the field. */
  since?: Version;
  until?: Version;
  /** Created at run time (`x_…`). */
  manual?: boolean;
}

export type Fields = Readonly<Record<string, Field>>;

/** A method the outside may call. Parameter names are those of the Python signature, in order; `*` marks a required one. */
export interface Method {
  /** Works on records (`ids`), or on the model as a whole. */
  on: "records" | "model";
  params: readonly string[];
  since?: Version;
  until?: Version;
  /** Needs the records to exist; `read` and `exists` do not. */
  lenient?: boolean;
  /** The right the caller needs on the model: read unless said otherwise. */
  needs?: "read" | "write" | "create" | "unlink";
  /** Must be run alone: moves stock, so that parallel calls gain nothing on a real server. */
  movesStock?: boolean;
  run: (env: Env, ids: readonly number[], args: Readonly<Record<string, unknown>>) => unknown;
}

export interface Model {
  name: string;
  label: string;
  fields: Fields;
  order?: string;
  transient?: boolean;
  since?: Version;
  until?: Version;
  methods?: Readonly<Record<string, Method>>;
  displayName?: (env: Env, row: Row) => string;
  /** Looks at what a caller sent to `create`, before it is turned into what the columns take. */
  receiving?: (given: Readonly<Record<string, unknown>>) => void;
  /** Fills what depends on other values, before required fields are checked. Returns the values to store. */
  prepare?: (env: Env, values: Record<string, Value>) => void;
  created?: (env: Env, row: Row, given: ReadonlySet<string>) => void;
  /** May change what is about to be written. */
  writing?: (env: Env, row: Row, values: Record<string, Value>) => void;
  written?: (env: Env, row: Row, changed: ReadonlySet<string>) => void;
  unlinking?: (env: Env, row: Row) => void;
}

type Options = Omit<Field, "type" | "label" | "relation" | "inverse" | "selection">;

const plain =
  (type: FieldType) =>
  (label: string, options: Options = {}): Field => ({ type, label, ...options });

export const char = plain("char");
export const longText = plain("text");
export const html = plain("html");
export const integer = plain("integer");
export const float = plain("float");
export const boolean = plain("boolean");
export const date = plain("date");
export const datetime = plain("datetime");

/** A quantity: a float rounded to the precision of units. */
export const quantity = (label: string, options: Options = {}): Field => ({
  type: "float",
  label,
  quantity: true,
  ...options,
});

export const selection = (label: string, values: readonly string[], options: Options = {}): Field => ({
  type: "selection",
  label,
  selection: values,
  ...options,
});

export const many2one = (label: string, relation: string, options: Options = {}): Field => ({
  type: "many2one",
  label,
  relation,
  indexed: true,
  ...options,
});

export const one2many = (label: string, relation: string, inverse: string, options: Options = {}): Field => ({
  type: "one2many",
  label,
  relation,
  inverse,
  copied: false,
  ...options,
});

export const many2many = (label: string, relation: string, options: Options = {}): Field => ({
  type: "many2many",
  label,
  relation,
  ...options,
});

/** Fields every model has. */
export const commonFields: Fields = {
  id: integer("ID", { readonly: true }),
  display_name: char("Display Name", { readonly: true, compute: (env, row) => env.displayName(row) }),
  create_date: datetime("Created on", { readonly: true }),
  create_uid: many2one("Created by", "res.users", { readonly: true, indexed: false }),
  write_date: datetime("Last Updated on", { readonly: true }),
  write_uid: many2one("Last Updated by", "res.users", { readonly: true, indexed: false }),
};

export function inVersion(part: { since?: Version; until?: Version }, version: Version): boolean {
  return (part.since ?? 17) <= version && version <= (part.until ?? 19);
}

/** What an unset field reads as. */
export function emptyOf(field: Field): Value {
  switch (field.type) {
    case "integer":
    case "float":
      return 0;
    case "one2many":
    case "many2many":
      return [];
    case "char":
    case "text":
    case "html":
    case "boolean":
    case "date":
    case "datetime":
    case "selection":
    case "many2one":
      return false;
  }
}
