/** Tells the process of the simulators what to start. */
export interface SimulatorsOptions {
  odoo?: { version: 17 | 18 | 19; latency: "none" | "real" };
  /** `updateDelayMs`: what is posted is seen by readers only after so long. */
  sap?: { requestMs: number; writeMs: number; updateDelayMs?: number };
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

/** One confirmation that stands in SAP, in the order in which it came to stand; SAP keeps no token, but the fact's id as text. */
export interface ErpEffect {
  token: "";
  fact: string;
  quantity: string;
}

/** What the process says; each message has one of the fields. */
export interface SimulatorsWord {
  ready: { odoo?: OdooAccess; sap?: SapAccess };
  seeded: true;
  effects: { /** How often each token took effect. */ odoo: Record<string, number>; sap: ErpEffect[] };
}

export const PLANT = "1010";
export const STORAGE_LOCATION = "0001";
export const OPERATION = "0010";
/** Finished products of the seeded orders; each has components of its own. */
export const PRODUCTS = ["PUMP-A", "PUMP-B", "PUMP-C", "PUMP-D"] as const;
