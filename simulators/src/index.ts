export { defaultUsers as odooSimulatorUsers, odooFaultKinds, odooLatencies, startOdooSimulator } from "./odoo/index.ts";
export type {
  OdooFault,
  OdooFaultKind,
  OdooGroup,
  OdooSimulator,
  OdooSimulatorOptions,
  OdooSimulatorUser,
  OdooState,
  SeedBill,
  SeedOrder,
  SeedProduct,
} from "./odoo/index.ts";
export { faultKinds as sapFaultKinds, seedSapPlant, startSapSimulator } from "./sap/index.ts";
export type {
  FailedMovement,
  SapComponent,
  SapConfirmation,
  SapFault,
  SapFaultKind,
  SapInspection,
  SapMaterial,
  SapMaterialDocument,
  SapOrder,
  SapPurchaseOrder,
  SapSeedOptions,
  SapSimulator,
  SapSimulatorOptions,
  SapStock,
} from "./sap/index.ts";
export { expectedTruth, mesDay, mesOrders, mesPlant, startMesSimulator } from "./mes/index.ts";
export type {
  MesDay,
  MesDayOptions,
  MesDisturbance,
  MesKind,
  MesMessage,
  MesOrder,
  MesPlant,
  MesProduct,
  MesSimulator,
  MesSimulatorOptions,
  OrderTruth,
} from "./mes/index.ts";
