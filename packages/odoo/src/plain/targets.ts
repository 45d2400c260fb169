import type { Target } from "@lineshaft/core";
import { completeOrder, createOrder } from "./orders.ts";
import { logDowntime, requestMaintenance, saveProduct, setStock } from "./others.ts";
import { plainTarget, type PlainTargetOptions } from "./target.ts";
import type { OperationHandles } from "../operation-handle.ts";
import type { OperationName } from "../operations.ts";

/** What plain mode offers; the rest takes several transactions that nothing holds together. */
export const plainOperationNames: readonly OperationName[] = [
  "saveProduct",
  "createOrder",
  "completeOrder",
  "setStock",
  "logDowntime",
  "requestMaintenance",
];

type Shared = Omit<PlainTargetOptions<never>, "name" | "handle" | "operation">;

export function plainTargets(shared: Shared, handles: OperationHandles): Record<string, Target<never>> {
  return {
    saveProduct: plainTarget({ ...shared, name: "saveProduct", handle: handles.saveProduct, operation: saveProduct }),
    createOrder: plainTarget({ ...shared, name: "createOrder", handle: handles.createOrder, operation: createOrder }),
    completeOrder: plainTarget({
      ...shared,
      name: "completeOrder",
      handle: handles.completeOrder,
      operation: completeOrder,
    }),
    setStock: plainTarget({ ...shared, name: "setStock", handle: handles.setStock, operation: setStock }),
    logDowntime: plainTarget({ ...shared, name: "logDowntime", handle: handles.logDowntime, operation: logDowntime }),
    requestMaintenance: plainTarget({
      ...shared,
      name: "requestMaintenance",
      handle: handles.requestMaintenance,
      operation: requestMaintenance,
    }),
  };
}
