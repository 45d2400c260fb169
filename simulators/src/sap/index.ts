export { startSapSimulator } from "./simulator.ts";
export type { SapSimulator, SapSimulatorOptions } from "./simulator.ts";
export { seedSapPlant } from "./seed-plant.ts";
export type { SapSeedOptions } from "./seed-plant.ts";
export { faultKinds } from "./faults.ts";
export type { Fault as SapFault, FaultKind as SapFaultKind } from "./faults.ts";
export type { SapConfirmation, SapInspection, SapMaterialDocument } from "./inspection.ts";
export type { FailedMovement, SapComponent, SapMaterial, SapOrder, SapPurchaseOrder, SapStock } from "./plant.ts";
