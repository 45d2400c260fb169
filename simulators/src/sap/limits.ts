/** What one simulated SAP holds at most; beyond, it refuses as SAP does when a number range is used up. */
export const MAX_ORDERS = 20_000;
export const MAX_CONFIRMATIONS = 300_000;
export const MAX_DOCUMENTS = 300_000;
export const MAX_FAILED_MOVEMENTS = 100_000;
export const MAX_SESSIONS = 1_000;
/** Request ids remembered, with their answers. */
export const MAX_REQUEST_IDS = 50_000;
export const MAX_FAULTS = 100;
export const MAX_BODY_BYTES = 16 * 1024 * 1024;
/** Requests waiting on purpose (fault `slow`). */
export const MAX_WAITING = 1_000;
/** Rows on a page when the client asks for no `$top`, and the most it gets. */
export const DEFAULT_PAGE_ROWS = 1_000;
