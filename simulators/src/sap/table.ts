import type { Value } from "./edm.ts";
import type { Filter, Row } from "./filter.ts";
import type { EntitySet } from "./schema.ts";

interface Entry {
  row: Row;
  /** From when on others see it, ms since 1970. */
  visibleAt: number;
}

/** The rows of one entity set, in the order they came, with an index over the fields that look-ups ask for. */
export class Table {
  readonly set: EntitySet;
  readonly #entries: Entry[] = [];
  readonly #indexes: Map<string, Map<Value, Entry[]>>;

  constructor(set: EntitySet, indexed: readonly string[] = []) {
    this.set = set;
    this.#indexes = new Map(indexed.map((field) => [field, new Map<Value, Entry[]>()]));
  }

  get size(): number {
    return this.#entries.length;
  }

  insert(row: Row, visibleAt: number): void {
    const entry = { row, visibleAt };
    this.#entries.push(entry);
    for (const [field, index] of this.#indexes) {
      const value = row[field] ?? null;
      const list = index.get(value);
      if (list) list.push(entry);
      else index.set(value, [entry]);
    }
  }

  /** Rows that a reader sees who looks at a moment. */
  select(filter: Filter | undefined, at: number): Row[] {
    const candidates = this.#candidates(filter);
    return candidates
      .filter(({ row, visibleAt }) => visibleAt <= at && (filter === undefined || filter.test(row)))
      .map(({ row }) => row);
  }

  /** Rows with these values, seen from within SAP: also those that wait for the update task. */
  where(fields: Readonly<Record<string, Value>>): Row[] {
    const wanted = new Map(Object.entries(fields));
    const filter = { test: (row: Row) => [...wanted].every(([name, value]) => row[name] === value), equal: wanted };
    return this.select(filter, Number.POSITIVE_INFINITY);
  }

  all(): Row[] {
    return this.#entries.map(({ row }) => row);
  }

  #candidates(filter: Filter | undefined): readonly Entry[] {
    for (const [field, value] of filter?.equal ?? []) {
      const index = this.#indexes.get(field);
      if (index) return index.get(value) ?? [];
    }
    return this.#entries;
  }
}
