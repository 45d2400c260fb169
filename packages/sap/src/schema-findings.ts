import { showValue } from "@lineshaft/core";
import type { Finding } from "@lineshaft/core";
import type { TSchema } from "typebox";
import { Compile } from "typebox/compile";
import { fieldOf, isObject } from "./json.ts";

/** Most findings told about one value. */
const MAX_FINDINGS = 50;

/** A check of values against a schema, compiled once. Never throws. */
export function schemaFindings(schema: TSchema): (value: unknown) => Finding[] {
  const validator = Compile(schema);
  return (value) => {
    if (validator.Check(value)) return [];
    const findings: Finding[] = [];
    for (const error of validator.Errors(value)) {
      // The parent tells of fields that must not be there; the finding per field says the same of a schema `false`.
      if (error.keyword === "additionalProperties") continue;
      findings.push(...toFindings(error, value));
      if (findings.length >= MAX_FINDINGS) break;
    }
    return findings.slice(0, MAX_FINDINGS);
  };
}

/** The same for a union told apart by one field, so that findings speak of the branch that was meant. */
export function branchFindings(
  field: string,
  branches: Readonly<Record<string, TSchema>>,
): (value: unknown) => Finding[] {
  const checks = new Map(Object.entries(branches).map(([name, schema]) => [name, schemaFindings(schema)]));
  return (value) => {
    const name: unknown = isObject(value) ? value[field] : undefined;
    const check = typeof name === "string" ? checks.get(name) : undefined;
    if (check) return check(value);
    const fix = `Set ${field} to one of ${[...checks.keys()].join(", ")}.`;
    if (name === undefined) return [{ field: `/${field}`, rule: "schema.required", fix }];
    return [{ field: `/${field}`, rule: "schema.enum", value: showValue(name), fix }];
  };
}

interface SchemaError {
  keyword: string;
  instancePath: string;
  params: object;
  message: string;
}

function toFindings(error: SchemaError, value: unknown): Finding[] {
  if (error.keyword === "required") {
    const missing = (error.params as { requiredProperties?: string[] }).requiredProperties ?? [];
    return missing.map((name) => ({
      field: `${error.instancePath}/${escapePointer(name)}`,
      rule: "schema.required",
      fix: `Give ${name}.`,
    }));
  }
  const found = showValue(valueAt(value, error.instancePath));
  if (error.keyword === "boolean") {
    const fix = "Leave this field out; the operation does not know it.";
    return [{ field: error.instancePath, rule: "schema.unknown-field", value: found, fix }];
  }
  const fix = `Correct the value: it ${error.message}.`;
  return [{ field: error.instancePath, rule: `schema.${error.keyword}`, value: found, fix }];
}

function valueAt(value: unknown, pointer: string): unknown {
  let at = value;
  for (const part of pointer.split("/").slice(1)) {
    const name = part.replaceAll("~1", "/").replaceAll("~0", "~");
    at = Array.isArray(at) ? at[Number(name)] : fieldOf(at, name);
  }
  return at;
}

function escapePointer(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}
