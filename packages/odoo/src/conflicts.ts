import type { OperationName } from "./operations.ts";

export interface ConflictOptions {
  company?: string;
  /**
   * What may be in flight at once. `company` (default): one call at a time for all that moves stock; parallel calls gain
   * nothing in Odoo, because they share the stock of their components, and lose to each other's locks. `order`: only
   * calls about one order wait for each other; for plants whose orders share no component.
   */
  stockLane?: "company" | "order";
}

const MOVES_STOCK = new Set<OperationName>([
  "createOrder",
  "completeOrder",
  "correctCompletion",
  "consumeMaterial",
  "moveStock",
  "placeHold",
  "releaseHold",
  "setStock",
  "scrap",
]);

/** Keys of which two calls in flight must not share one. */
export function conflictsOf(operation: OperationName, value: unknown, options: ConflictOptions): string[] {
  const fields = typeof value === "object" && value !== null ? value : {};
  const keys: string[] = [];
  if ("order" in fields && typeof fields.order === "string") keys.push(`order:${fields.order}`);
  if (MOVES_STOCK.has(operation) && options.stockLane !== "order") keys.push(`stock:${options.company ?? ""}`);
  if (operation === "logDowntime" && "workCenter" in fields) keys.push(`work-center:${String(fields.workCenter)}`);
  return keys;
}
