/** Longest order that the line's terminal reads, in bytes. */
export const ORDER_BODY_BYTES = 65_536;
/** Most orders that wait at one machine; further ones are refused until it has worked some off. */
export const ORDERS_WAITING = 100;
/** How many of the newest orders a plant knows again. */
export const ORDERS_KNOWN = 1_000;
