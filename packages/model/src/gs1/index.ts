export { parseGs1 } from "./parse.ts";
export type { Gs1Code, Gs1ParseOptions } from "./parse.ts";
export { formatGs1 } from "./format.ts";
export type { Gs1FormatOptions, Gs1Formatted } from "./format.ts";
export type { Gs1Element, Gs1Finding, Gs1Meaning } from "./element.ts";
export { checkDigitOf } from "./check-digits.ts";
export { movementOfScan } from "./scan-movement.ts";
export type { Scan, ScanOptions, ScannedMovement, TradeItem } from "./scan-movement.ts";
