export { odoo } from "./odoo.ts";
export type { Odoo, OdooAddress, OdooOptions, OdooSystem } from "./odoo.ts";
export type { Changes } from "./changes/index.ts";
export type { ChangesOptions, ChangesSource } from "./changes/changes-source.ts";
export { provision } from "./provision.ts";
export type { ProvisionOptions, ProvisionReport } from "./provision.ts";
export { BATCH_ITEMS, LINES, operationSchemas } from "./operations.ts";
export type {
  AlertPlanner,
  CompleteOrder,
  ConsumeMaterial,
  CorrectCompletion,
  CreateOrder,
  LogDowntime,
  LogWorkTime,
  MoveStock,
  PlaceHold,
  ReleaseHold,
  OperationName,
  OperationValue,
  Quantity,
  RequestMaintenance,
  SaveBillOfMaterials,
  SaveProduct,
  Scrap,
  SetStock,
} from "./operations.ts";
export { OPERATION_MODEL, OUTBOX_MODEL, PROTOCOL, SETUP_MODEL } from "./protocol.ts";
export type { ActionAnswer, ActionItem, ActionReason, ActionRequest, ActionResult } from "./protocol.ts";
