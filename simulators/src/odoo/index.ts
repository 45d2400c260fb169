export { defaultUsers, startOdooSimulator } from "./simulator.ts";
export type { OdooSimulator, OdooSimulatorOptions } from "./simulator.ts";
export type { OdooGroup, OdooSimulatorUser } from "./seed-database.ts";
export type { OdooFault, OdooFaultKind } from "./faults.ts";
export { odooFaultKinds } from "./faults.ts";
export type { OdooState } from "./state.ts";
export type { SeedBill, SeedOrder, SeedProduct } from "./seeding.ts";
export { latencies as odooLatencies } from "./latency.ts";
