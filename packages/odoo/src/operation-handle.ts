import { showValue, type Finding, type Operation, type SystemDefinition } from "@lineshaft/core";
import type { TSchema } from "typebox";
import { Compile } from "typebox/compile";
import { lotFindings } from "./lots-rules.ts";
import { operationSchemas, type CompleteOrder, type OperationName, type OperationValue } from "./operations.ts";

/** Most findings listed for one value; the rest would only repeat them. */
const FINDINGS = 50;

/** The typed handle of one operation, as flows use it. */
export function operationHandle<N extends OperationName>(
  system: SystemDefinition,
  name: N,
): Operation<OperationValue<N>> {
  const schema = operationSchemas[name];
  let compiled: ReturnType<typeof Compile<TSchema>> | undefined;
  return {
    system,
    name,
    schema,
    check(value) {
      compiled ??= Compile<TSchema>(schema);
      if (compiled.Check(value)) return name === "completeOrder" ? lotFindings(value as CompleteOrder) : [];
      return compiled
        .Errors(value)
        .slice(0, FINDINGS)
        .map((error) => finding(name, value, error));
    },
  };
}

function finding(
  operation: OperationName,
  value: unknown,
  error: { keyword: string; instancePath: string; message: string },
): Finding {
  const found = at(value, error.instancePath);
  return {
    field: error.instancePath,
    rule: `schema.${error.keyword}`,
    ...(found !== undefined && { value: showValue(found) }),
    fix: `Change the mapping so that this fits the operation ${operation}: ${error.message}.`,
  };
}

function at(value: unknown, pointer: string): unknown {
  let here = value;
  for (const part of pointer.split("/").slice(1)) {
    if (typeof here !== "object" || here === null) return undefined;
    here = (here as Record<string, unknown>)[part.replaceAll("~1", "/").replaceAll("~0", "~")];
  }
  return here;
}

export type OperationHandles = { readonly [N in OperationName]: Operation<OperationValue<N>> };

export function operationHandles(system: SystemDefinition): OperationHandles {
  return {
    saveProduct: operationHandle(system, "saveProduct"),
    saveBillOfMaterials: operationHandle(system, "saveBillOfMaterials"),
    createOrder: operationHandle(system, "createOrder"),
    completeOrder: operationHandle(system, "completeOrder"),
    correctCompletion: operationHandle(system, "correctCompletion"),
    consumeMaterial: operationHandle(system, "consumeMaterial"),
    moveStock: operationHandle(system, "moveStock"),
    placeHold: operationHandle(system, "placeHold"),
    releaseHold: operationHandle(system, "releaseHold"),
    setStock: operationHandle(system, "setStock"),
    scrap: operationHandle(system, "scrap"),
    logWorkTime: operationHandle(system, "logWorkTime"),
    logDowntime: operationHandle(system, "logDowntime"),
    requestMaintenance: operationHandle(system, "requestMaintenance"),
    alertPlanner: operationHandle(system, "alertPlanner"),
  };
}
