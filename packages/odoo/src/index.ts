export { odoo } from "./odoo.ts";
export type { Odoo, OdooOptions } from "./odoo.ts";
export { BATCH_ITEMS, LINES, operationSchemas } from "./operations.ts";
export type {
  CompleteOrder,
  CreateOrder,
  LogDowntime,
  LogWorkTime,
  MoveStock,
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
