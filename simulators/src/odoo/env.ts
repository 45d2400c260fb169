import { mayAccess } from "./access.ts";
import { coerce } from "./coerce.ts";
import { applyCommands } from "./commands.ts";
import type { Database, RegisteredModel } from "./database.ts";
import { compileDomain } from "./domain.ts";
import { missingError, uniqueViolation, validationError, valueError } from "./errors.ts";
import { sortRows } from "./order.ts";
import { emptyOf } from "./schema.ts";
import { odooTime } from "./times.ts";
import type { Transaction } from "./transaction.ts";
import { num, refs } from "./values.ts";
import type { JsonObject, Row, Value, Version } from "./values.ts";

export type Context = Readonly<JsonObject>;

/** One caller inside one transaction: all reads and changes of records go through it. */
export class Env {
  readonly db: Database;
  readonly transaction: Transaction;
  readonly uid: number;
  readonly context: Context;
  /** As superuser: no right is asked for. */
  readonly su: boolean;

  constructor(db: Database, transaction: Transaction, uid: number, context: Context = {}, su = false) {
    this.db = db;
    this.transaction = transaction;
    this.uid = uid;
    this.context = context;
    this.su = su;
  }

  sudo(context: Context = this.context): Env {
    return new Env(this.db, this.transaction, this.uid, context, true);
  }

  get version(): Version {
    return this.db.version;
  }

  withContext(more: JsonObject): Env {
    return new Env(this.db, this.transaction, this.uid, { ...this.context, ...more }, this.su);
  }

  /** When this transaction began: what create_date, write_date and `now` read as throughout. */
  get nowMs(): number {
    return this.transaction.startedMs;
  }

  get now(): string {
    return odooTime(this.nowMs);
  }

  get digits(): number {
    for (const row of this.db.model("decimal.precision").table.rows.values())
      if (row.name === "Product Unit" || row.name === "Product Unit of Measure") return num(row.digits);
    return 2;
  }

  /** Technical names of the caller's groups, without module and prefix: `mrp_user`. */
  get groups(): ReadonlySet<string> {
    return new Set(this.many("res.groups", [...this.groupIds]).map((row) => String(row.name)));
  }

  get groupIds(): ReadonlySet<number> {
    const user = this.find("res.users", this.uid);
    return new Set(user ? refs(this.get("res.users", user, this.version >= 19 ? "group_ids" : "groups_id")) : []);
  }

  /** Whether the caller may `read`, `write`, `create` or `unlink` records of a model. */
  may(model: string, operation: string): boolean {
    return this.su || mayAccess(this, model, operation);
  }

  find(model: string, id: number | undefined): Row | undefined {
    return id === undefined ? undefined : this.db.model(model).table.rows.get(id);
  }

  /** @throws MissingError when a record is gone. */
  one(model: string, id: number | undefined): Row {
    const row = this.find(model, id);
    if (!row) throw missingError(model, [id ?? 0], this.uid);
    return row;
  }

  many(model: string, ids: readonly number[]): Row[] {
    return ids.map((id) => this.one(model, id));
  }

  /** Records whose indexed `field` points at `id`, oldest first. */
  of(model: string, field: string, id: Value): Row[] {
    const { table } = this.db.model(model);
    return [...table.lookup(field, id)].sort((a, b) => a - b).map((found) => table.rows.get(found)!);
  }

  get(model: string, row: Row, name: string): Value {
    const field = this.db.model(model).fields[name];
    if (!field) throw valueError(`Invalid field '${name}' on '${model}'`);
    if (field.compute) return field.compute(this, row);
    if (field.type === "one2many") return this.of(field.relation!, field.inverse!, row.id).map((r) => r.id);
    return row[name] ?? emptyOf(field);
  }

  displayName(row: Row, modelName?: string): string {
    const model = modelName === undefined ? undefined : this.db.model(modelName);
    if (model?.displayName) return model.displayName(this, row);
    return typeof row.name === "string" ? row.name : `${modelName ?? "record"},${row.id}`;
  }

  search(model: string, domain: unknown, options: SearchOptions = {}): Row[] {
    const registered = this.db.model(model);
    const { test, candidates, mentions } = compileDomain(this, model, domain);
    const activeOnly = registered.fields.active && !mentions.has("active") && this.context.active_test !== false;
    const found: Row[] = [];
    const { rows } = registered.table;
    const pool = candidates === undefined ? rows.values() : [...new Set(candidates)].map((id) => rows.get(id));
    for (const row of pool) if (row && (!activeOnly || row.active === true) && test(row)) found.push(row);
    sortRows(this, model, found, options.order ?? registered.order ?? "id");
    const offset = options.offset ?? 0;
    return options.limit ? found.slice(offset, offset + options.limit) : found.slice(offset);
  }

  create(model: string, given: JsonObject): Row {
    const registered = this.db.model(model);
    registered.receiving?.(given);
    const { stored, commands } = this.#split(registered, given);
    for (const [name, value] of Object.entries(this.defaults(registered, given))) stored[name] ??= value;
    registered.prepare?.(this, stored);
    checkRequired(registered, stored, this.version);
    const row: Row = { id: registered.table.nextId(), ...registered.plan.blank };
    Object.assign(row, stored, this.#stamps(), { create_uid: this.uid, create_date: this.transaction.stamp });
    this.transaction.undo(registered.table.insert(row));
    for (const [name, value] of commands) this.#assign(registered, row, name, value);
    this.#requireUnique(model, row);
    registered.created?.(this, row, new Set(Object.keys(given)));
    this.#note(model, row.id, "write");
    return row;
  }

  /** Values for what was not given: from the context's `default_…`, else the field's own. */
  defaults(model: RegisteredModel, given: JsonObject): Record<string, Value> {
    const found: Record<string, Value> = {};
    for (const [key, value] of Object.entries(this.context)) {
      const name = key.startsWith("default_") ? key.slice("default_".length) : "";
      const field = model.fields[name];
      if (field && !(name in given) && value !== null && !Array.isArray(value))
        found[name] = coerce(field, value, { model: model.name, name, digits: this.digits });
    }
    for (const [name, field] of model.plan.defaulted)
      if (!(name in given) && !(name in found))
        found[name] = typeof field.default === "function" ? field.default(this) : field.default!;
    return found;
  }

  write(model: string, row: Row, given: JsonObject): void {
    const registered = this.db.model(model);
    const { stored, commands } = this.#split(registered, given);
    registered.writing?.(this, row, stored);
    this.set(model, row, stored);
    for (const [name, value] of commands) this.#assign(registered, row, name, value);
    this.#requireUnique(model, row);
    registered.written?.(this, row, new Set(Object.keys(given)));
  }

  /** Changes columns without any hook: what Odoo's own code does inside. Moves write_date when a value changed. */
  set(model: string, row: Row, values: Record<string, Value>): void {
    const { table } = this.db.model(model);
    for (const [name, value] of Object.entries(values))
      if (row[name] !== value) this.transaction.undo(table.set(row, name, value));
    this.touch(model, row);
    this.#note(model, row.id, "write");
  }

  touch(model: string, row: Row): void {
    if (row.write_date === this.transaction.stamp && row.write_uid === this.uid) return;
    const { table } = this.db.model(model);
    for (const [name, value] of Object.entries(this.#stamps())) this.transaction.undo(table.set(row, name, value));
  }

  unlink(model: string, row: Row): void {
    const registered = this.db.model(model);
    if (!registered.table.rows.has(row.id)) return;
    registered.unlinking?.(this, row);
    this.transaction.undo(registered.table.remove(row));
    this.#note(model, row.id, "unlink");
  }

  /** Remembers a change an automation waits for; the outbox gets a row for it before the commit. */
  #note(model: string, id: number, event: "write" | "unlink"): void {
    if (this.db.watched.get(model)?.has(event))
      this.transaction.noted.set(`${model} ${id} ${event}`, { model, id, event });
  }

  #requireUnique(model: string, row: Row): void {
    for (const column of this.db.uniqueColumns(model))
      if (this.of(model, column, row[column] ?? false).length > 1) throw uniqueViolation(model, column, row[column]);
  }

  #split(model: RegisteredModel, given: JsonObject) {
    const stored: Record<string, Value> = {};
    const commands: [string, unknown][] = [];
    for (const [name, value] of Object.entries(given)) {
      const field = model.fields[name];
      if (!field) throw valueError(`Invalid field '${name}' in '${model.name}'`);
      if (name === "id" || (field.compute && !field.assign)) continue;
      if (field.assign || field.type === "one2many" || field.type === "many2many") commands.push([name, value]);
      else stored[name] = coerce(field, value, { model: model.name, name, digits: this.digits });
    }
    return { stored, commands };
  }

  #assign(model: RegisteredModel, row: Row, name: string, value: unknown): void {
    const field = model.fields[name]!;
    if (field.assign && field.type !== "one2many" && field.type !== "many2many") {
      field.assign(this, row, coerce(field, value, { model: model.name, name, digits: this.digits }));
      return;
    }
    applyCommands(this, model.name, row, name, field, value);
  }

  #stamps(): Record<string, Value> {
    return { write_uid: this.uid, write_date: this.transaction.stamp };
  }
}

export interface SearchOptions {
  order?: string;
  limit?: number;
  offset?: number;
}

function checkRequired(model: RegisteredModel, values: Record<string, Value>, version: Version): void {
  for (const name of model.plan.required) {
    const value = values[name];
    if (value === undefined || value === false) throw missingValue(model, name, version);
  }
}

function missingValue(model: RegisteredModel, name: string, version: Version) {
  const label = model.fields[name]!.label;
  const head =
    version >= 19
      ? `Missing required value for the field '${label}' (${name}).\nModel: '${model.label}' (${model.name})\n- create/update: a mandatory field is not set`
      : `\n- Create/update: a mandatory field is not set.`;
  const tail = "- delete: another model requires the record being deleted, you can archive it instead\n";
  return validationError(`${head}\n${tail}`, { fromDatabase: true });
}
