import type { StatementSync } from "node:sqlite";
import type { Clock } from "@lineshaft/core";
import type { sql } from "./schema.ts";

/** An order of the hub on a gateway's disk. `n` grows with each that was stored. */
export interface StoredOrder {
  n: number;
  token: string;
  key: string;
  value: unknown;
}

interface OrderStoreOptions {
  clock: Clock;
  sql: Record<keyof typeof sql, StatementSync>;
  transact: (work: () => void) => void;
}

/** Orders of the hub until a gateway's consumers have taken them, and for a while after that, so that one that comes again is known. */
export class OrderStore {
  readonly #o: OrderStoreOptions;

  constructor(options: OrderStoreOptions) {
    this.#o = options;
  }

  /** Stores them in order; known tokens are passed over. */
  store(orders: readonly { token: string; key: string; value: unknown }[]): void {
    const { clock, sql: statements, transact } = this.#o;
    const now = clock.now();
    transact(() => {
      for (const { token, key, value } of orders)
        statements.storeOrder.run(token, key, JSON.stringify(value) ?? "null", now);
    });
  }

  after(n: number, limit: number): StoredOrder[] {
    return this.#o.sql.ordersAfter.all(n, limit).map((row) => ({
      n: Number(row["n"]),
      token: String(row["token"]),
      key: String(row["key"]),
      value: JSON.parse(String(row["value"])) as unknown,
    }));
  }

  /** The number of the newest one; 0 for none. */
  get newest(): number {
    return Number(this.#o.sql.newestOrder.get()?.["n"] ?? 0);
  }

  forget(upTo: number): void {
    this.#o.transact(() => void this.#o.sql.forgetOrders.run(upTo));
  }
}
