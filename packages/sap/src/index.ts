export { s4 } from "./s4.ts";
export type { ProductionOrderSourceOptions, S4, S4Options } from "./s4.ts";
export type { ConfirmedMovement, OperationConfirmation } from "./operations/operation-confirmation.ts";
export type { GoodsMovement } from "./operations/goods-movement.ts";
