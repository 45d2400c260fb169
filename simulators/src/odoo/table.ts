import type { Fields } from "./schema.ts";
import type { Row, Value } from "./values.ts";

/** Takes one change back and returns what makes it again. */
export type Step = () => Step;

/** The records of one model with a lookup per indexed field. Every change can be undone through what it returns. */
export class Table {
  readonly rows = new Map<number, Row>();
  #lookups = new Map<string, Map<Value, Set<number>>>();
  #lastId = 0;

  constructor(fields: Fields) {
    for (const [name, field] of Object.entries(fields)) if (field.indexed && !field.compute) this.addLookup(name);
  }

  addLookup(field: string): void {
    if (this.#lookups.has(field)) return;
    this.#lookups.set(field, new Map());
    for (const row of this.rows.values()) this.#enter(field, row[field], row.id);
  }

  hasLookup(field: string): boolean {
    return this.#lookups.has(field);
  }

  /** Ids are never given out twice, also after a rollback, as with a PostgreSQL sequence. */
  nextId(): number {
    return ++this.#lastId;
  }

  /** Ids of the records whose indexed `field` holds `value`, in order of creation where nothing was rewritten. */
  lookup(field: string, value: Value): Iterable<number> {
    return this.#lookups.get(field)?.get(value) ?? [];
  }

  insert(row: Row): Step {
    this.rows.set(row.id, row);
    for (const field of this.#lookups.keys()) this.#enter(field, row[field], row.id);
    return () => this.remove(row);
  }

  remove(row: Row): Step {
    this.#drop(row);
    return () => this.insert(row);
  }

  set(row: Row, field: string, value: Value): Step {
    const before = row[field] ?? false;
    if (this.#lookups.has(field)) {
      this.#leave(field, row[field], row.id);
      this.#enter(field, value, row.id);
    }
    row[field] = value;
    return () => this.set(row, field, before);
  }

  #drop(row: Row): void {
    this.rows.delete(row.id);
    for (const field of this.#lookups.keys()) this.#leave(field, row[field], row.id);
  }

  #enter(field: string, value: Value | undefined, id: number): void {
    if (value === undefined || value === false) return;
    const lookup = this.#lookups.get(field)!;
    const ids = lookup.get(value);
    if (ids) ids.add(id);
    else lookup.set(value, new Set([id]));
  }

  #leave(field: string, value: Value | undefined, id: number): void {
    if (value === undefined || value === false) return;
    const lookup = this.#lookups.get(field)!;
    const ids = lookup.get(value);
    ids?.delete(id);
    if (ids?.size === 0) lookup.delete(value);
  }
}
