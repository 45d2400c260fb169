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
