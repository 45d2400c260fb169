import { Effects } from "./effects.ts";
import { userError } from "./errors.ts";
import type { Field, Fields, Model } from "./schema.ts";
import { commonFields, emptyOf, inVersion } from "./schema.ts";
import { Table } from "./table.ts";
import type { Step } from "./table.ts";
import type { Value, Version } from "./values.ts";

/** A model as this version and this database have it. */
export interface RegisteredModel extends Model {
  fields: Fields;
  table: Table;
  /** What every `create` needs of the fields, worked out once. */
  plan: CreatePlan;
}

export interface CreatePlan {
  defaulted: readonly (readonly [name: string, field: Field])[];
  required: readonly string[];
  blank: Readonly<Record<string, Value>>;
}

/** All tables of one Odoo database, its registry of models and its sequences. */
export class Database {
  readonly name: string;
  readonly version: Version;
  readonly #models = new Map<string, RegisteredModel>();
  #sequences = new Map<string, number>();
  /** Counts commits; tells what a transaction that began earlier cannot have seen. */
  commits = 0;
  /** How often each of our tokens took effect. */
  readonly effects = new Effects();
  /** Columns with a unique index of their own, by table. */
  readonly #unique = new Map<string, Set<string>>();
  /** Models whose changes an automation notes in the outbox, and for which events. */
  readonly watched = new Map<string, Set<string>>();

  constructor(name: string, version: Version, models: readonly Model[]) {
    this.name = name;
    this.version = version;
    for (const model of models) if (inVersion(model, version)) this.register(model);
  }

  register(model: Model): Step {
    const fields: Record<string, Field> = { ...commonFields };
    for (const [name, field] of Object.entries(model.fields)) if (inVersion(field, this.version)) fields[name] = field;
    return this.#enter({ ...model, fields, table: new Table(fields), plan: planCreate(fields) });
  }

  #enter(model: RegisteredModel): Step {
    this.#models.set(model.name, model);
    return () => {
      this.#models.delete(model.name);
      return () => this.#enter(model);
    };
  }

  addField(modelName: string, name: string, field: Field): Step {
    const model = this.model(modelName);
    const before = model.fields;
    model.fields = { ...before, [name]: field };
    model.plan = planCreate(model.fields);
    for (const row of model.table.rows.values()) row[name] ??= emptyOf(field);
    if (field.indexed) model.table.addLookup(name);
    return () => {
      model.fields = before;
      model.plan = planCreate(before);
      return () => this.addField(modelName, name, field);
    };
  }

  makeUnique(modelName: string, column: string): Step {
    const columns = this.#unique.get(modelName) ?? new Set();
    this.#unique.set(modelName, columns.add(column));
    if (!this.model(modelName).table.hasLookup(column)) this.model(modelName).table.addLookup(column);
    return () => {
      columns.delete(column);
      return () => this.makeUnique(modelName, column);
    };
  }

  uniqueColumns(modelName: string): Iterable<string> {
    return this.#unique.get(modelName) ?? [];
  }

  watch(model: string, event: string): Step {
    const events = this.watched.get(model) ?? new Set();
    this.watched.set(model, events.add(event));
    return () => {
      events.delete(event);
      return () => this.watch(model, event);
    };
  }

  has(name: string): boolean {
    return this.#models.has(name);
  }

  /** @throws UserError as execute_kw does for a model that is not there. */
  model(name: string): RegisteredModel {
    const model = this.#models.get(name);
    if (!model) throw userError(`Object ${name} doesn't exist`);
    return model;
  }

  models(): Iterable<RegisteredModel> {
    return this.#models.values();
  }

  /** The next number of a sequence. Failed transactions leave gaps, as in Odoo. */
  next(code: string): number {
    const value = (this.#sequences.get(code) ?? 0) + 1;
    this.#sequences.set(code, value);
    return value;
  }
}

function planCreate(fields: Fields): CreatePlan {
  const named = Object.entries(fields);
  const unchecked = new Set(["float", "integer", "boolean"]);
  const stored = named.filter(([name, field]) => name !== "id" && !field.compute && field.type !== "one2many");
  return {
    defaulted: named.filter(([, field]) => field.default !== undefined),
    required: named.filter(([, field]) => field.required && !unchecked.has(field.type)).map(([name]) => name),
    blank: Object.fromEntries(stored.map(([name, field]) => [name, emptyOf(field)])),
  };
}
