export { defineContract, lookUp } from "./define-contract.ts";
export type { ContractDefinition, ModelContract } from "./define-contract.ts";
export { breach } from "./rules.ts";
export type { Breach, Rule, RuleContext } from "./rules.ts";
export { contractOf, contracts } from "./registry.ts";
export { contractDocs } from "./docs.ts";
export {
  calendarDate,
  choice,
  closed,
  decimal,
  duration,
  extensions,
  identifier,
  joinKey,
  listOf,
  quantity,
  serials,
  text,
  time,
  unit,
} from "./primitives.ts";
export type { Quantity } from "./primitives.ts";
export {
  addDecimals,
  compareDecimals,
  isDecimal,
  isNegative,
  isPositive,
  isZero,
  normaliseDecimal,
  subtractDecimals,
  sumDecimals,
} from "./decimals.ts";
export { isCalendarDate, timeToMs } from "./times.ts";
export { checkDigitOf, formatGs1, movementOfScan, parseGs1 } from "./gs1/index.ts";
export type {
  Gs1Code,
  Gs1Element,
  Gs1Finding,
  Gs1FormatOptions,
  Gs1Formatted,
  Gs1Meaning,
  Gs1ParseOptions,
  Scan,
  ScanOptions,
  ScannedMovement,
  TradeItem,
} from "./gs1/index.ts";
export { convert, isConvertible, isUnitCode, unitOf } from "./units.ts";
export type { Converted } from "./units.ts";
export { unitTable } from "./units-table.ts";
export type { Unit } from "./units-table.ts";
export { suggestUnit, unitFromOdoo, unitFromSap, unitFromSapIso, unitToOdoo, unitToSap } from "./unit-names.ts";
export {
  aBillOfMaterials,
  aCompletion,
  aCompletionCorrection,
  aDowntime,
  aFinalCompletion,
  aFindingEvent,
  aGapEvent,
  aLot,
  aMaterialConsumption,
  aProduct,
  aProductionOrder,
  aProductionOrderAcknowledgement,
  aProductionOrderRelease,
  aQualityHold,
  aQualityResult,
  aQuantity,
  aStockBalance,
  aStockMovement,
  anAlarmEvent,
  anEquipmentEvent,
  anEquipmentSummary,
} from "./examples.ts";
export type { ConsumedMaterial, LotQuantity } from "./contracts/common.ts";
export { billOfMaterials } from "./contracts/bill-of-materials.ts";
export type { BillOfMaterials, BillOfMaterialsLine } from "./contracts/bill-of-materials.ts";
export { completionCorrection } from "./contracts/completion-correction.ts";
export type { CompletionChange, CompletionCorrection } from "./contracts/completion-correction.ts";
export { completion } from "./contracts/completion.ts";
export type { ByProduct, Completion, Scrap } from "./contracts/completion.ts";
export { downtime } from "./contracts/downtime.ts";
export type { Downtime } from "./contracts/downtime.ts";
export { equipmentEvent, equipmentStates } from "./contracts/equipment-event.ts";
export type { EquipmentEvent } from "./contracts/equipment-event.ts";
export { equipmentSummary } from "./contracts/equipment-summary.ts";
export type { EquipmentSummary, Measure } from "./contracts/equipment-summary.ts";
export { lot, lotObject } from "./contracts/lot.ts";
export type { Lot } from "./contracts/lot.ts";
export { materialConsumption } from "./contracts/material-consumption.ts";
export type { MaterialConsumption } from "./contracts/material-consumption.ts";
export { product } from "./contracts/product.ts";
export type { Product, UnitConversion } from "./contracts/product.ts";
export { productionOrder } from "./contracts/production-order.ts";
export type { OrderComponent, OrderOperation, ProductionOrder } from "./contracts/production-order.ts";
export { productionOrderAcknowledgement } from "./contracts/production-order-acknowledgement.ts";
export type { ProductionOrderAcknowledgement } from "./contracts/production-order-acknowledgement.ts";
export { productionOrderRelease } from "./contracts/production-order-release.ts";
export type { ProductionOrderRelease } from "./contracts/production-order-release.ts";
export { qualityHold } from "./contracts/quality-hold.ts";
export type { QualityHold } from "./contracts/quality-hold.ts";
export { qualityResult } from "./contracts/quality-result.ts";
export type { Characteristic, QualityResult } from "./contracts/quality-result.ts";
export { stockBalance } from "./contracts/stock-balance.ts";
export type { StockBalance } from "./contracts/stock-balance.ts";
export { stockMovement } from "./contracts/stock-movement.ts";
export type { StockMovement } from "./contracts/stock-movement.ts";
