/** Longest identifier of a thing in a system, in characters. */
export const IDENTIFIER_CHARS = 80;
/** Longest id of a fact, in characters. */
export const FACT_ID_CHARS = 128;
/** Longest version of a state, in characters. */
export const VERSION_CHARS = 64;
/** Longest free text, in characters. */
export const TEXT_CHARS = 1000;
/** Most digits of a quantity before the decimal point. */
export const QUANTITY_INTEGER_DIGITS = 18;
/** Most digits of a quantity after the decimal point; SAP's widest quantity has 14. */
export const QUANTITY_DECIMALS = 14;
/** Most entries of a list within a message, unless the list says otherwise. */
export const LIST_ITEMS = 500;
/** Most lines of a bill of materials and components of an order. */
export const LINE_ITEMS = 2_000;
/** Most serial numbers in one list. */
export const SERIAL_ITEMS = 5_000;
/** Most fields, at all levels, of a message's extensions. */
export const EXTENSION_VALUES = 500;
/** Deepest nesting of a message's extensions. */
export const EXTENSION_DEPTH = 8;
/** Most findings that one check lists; a last one says that there are more. */
export const FINDINGS = 50;
/** How far a source's clock may be ahead of the hub's, in ms. */
export const CLOCK_SKEW_MS = 10 * 60_000;
/** Older events come from a clock that was never set, in ms: ten years. */
export const OLDEST_EVENT_MS = 3_653 * 86_400_000;
/** A single report of work or downtime covers at most this, in ms: one year. */
export const LONGEST_SPAN_MS = 366 * 86_400_000;
