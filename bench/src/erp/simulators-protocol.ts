/** Tells the process of the simulators what to start. */
export interface SimulatorsOptions {
  odoo?: { version: 17 | 18 | 19; latency: "none" | "real" };
  sap?: { requestMs: number; writeMs: number };
}

export interface OdooAccess {
  url: string;
  /** Where faults are asked for, also during an outage. */
  controlUrl: string;
  database: string;
  login: string;
  key: string;
  adminLogin: string;
  adminKey: string;
}

export interface SapAccess {
  url: string;
  username: string;
  password: string;
}

/** Orders that both simulators are to know, each of `quantity` pieces. */
export interface SeedOrders {
  orders: readonly string[];
  quantity: number;
}

export type SimulatorsOrder =
  { order: "seed"; seed: SeedOrders } | { order: "effects" } | { order: "offline"; ms: number };

/** One confirmation or completion that stands, in the order in which it came to stand. */
export interface ErpEffect {
  token: string;
  key: string;
  quantity: string;
}

/** What the process says; each message has one of the fields. */
export interface SimulatorsWord {
  ready: { odoo?: OdooAccess; sap?: SapAccess };
  seeded: true;
  effects: { odoo: Record<string, number>; sap: ErpEffect[] };
}

export const PLANT = "1010";
export const STORAGE_LOCATION = "0001";
export const OPERATION = "0010";
/** Finished products of the seeded orders; each has components of its own. */
export const PRODUCTS = ["PUMP-A", "PUMP-B", "PUMP-C", "PUMP-D"] as const;
