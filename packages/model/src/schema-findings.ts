import type { Finding } from "@lineshaft/core";
import { Format } from "typebox/format";
import { EXTENSION_DEPTH, EXTENSION_VALUES, FINDINGS } from "./limits.ts";
import { addFix, choiceFix, countFix, formatFix, lengthFix, patternFix, typeFix, unknownFix } from "./schema-fixes.ts";
import { moreFindings, safeShow } from "./rules.ts";

/** The part of JSON Schema that the model's contracts are written in. */
export interface SchemaNode {
  type?: string;
  description?: string;
  properties?: Record<string, SchemaNode>;
  required?: string[];
  additionalProperties?: boolean;
  patternProperties?: Record<string, SchemaNode>;
  items?: SchemaNode;
  enum?: readonly (string | number)[];
  pattern?: string;
  format?: string;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
}

/**
 * Says everything that keeps a value from fitting its schema, one finding each, at most `FINDINGS` and a last one that
 * says so. The compiled validator only knows whether a value fits; this is run on those that do not.
 */
export function schemaFindings(schema: SchemaNode, value: unknown): Finding[] {
  const walk = new SchemaWalk();
  walk.visit(schema, value, "", "");
  return walk.full ? [...walk.findings.slice(0, FINDINGS), moreFindings("schema.more")] : walk.findings;
}

class SchemaWalk {
  readonly findings: Finding[] = [];

  /** One finding over the limit is enough to know that there are more. */
  get full(): boolean {
    return this.findings.length > FINDINGS;
  }

  visit(schema: SchemaNode, value: unknown, field: string, name: string): void {
    if (this.full) return;
    if (schema.enum) return this.#visitChoice(schema.enum, value, field, name);
    if (kindOf(value) !== schema.type) return this.#add(field, "type", value, typeFix(name, schema, value));
    if (schema.type === "object") this.#visitObject(schema, value as Record<string, unknown>, field, name);
    else if (schema.type === "array") this.#visitList(schema, value as unknown[], field, name);
    else if (schema.type === "string") this.#visitText(schema, value as string, field, name);
  }

  #visitChoice(allowed: readonly (string | number)[], value: unknown, field: string, name: string): void {
    if (!allowed.some((word) => word === value)) this.#add(field, "enum", value, choiceFix(name, allowed, value));
  }

  #visitObject(schema: SchemaNode, value: Record<string, unknown>, field: string, name: string): void {
    const dotted = (key: string) => (name === "" ? key : `${name}.${key}`);
    const { properties, required = [] } = schema;
    if (properties === undefined) return this.#visitExtensions(value, field);
    for (const [key, child] of Object.entries(properties)) {
      if (value[key] !== undefined) this.visit(child, value[key], `${field}/${key}`, dotted(key));
      else if (required.includes(key)) this.#add(`${field}/${key}`, "required", undefined, addFix(dotted(key), child));
    }
    for (const key of Object.keys(value)) {
      if (this.full) return;
      if (Object.hasOwn(properties, key)) continue;
      this.#add(
        `${field}/${pointerPart(key)}`,
        "additionalProperties",
        value[key],
        unknownFix(dotted(key), key, properties),
      );
    }
  }

  #visitList(schema: SchemaNode, value: unknown[], field: string, name: string): void {
    const { minItems = 0, maxItems = Infinity, items } = schema;
    if (value.length < minItems) this.#add(field, "minItems", value.length, countFix(name, minItems, maxItems));
    if (value.length > maxItems) this.#add(field, "maxItems", value.length, countFix(name, minItems, maxItems));
    if (items === undefined) return;
    for (let i = 0; i < value.length && !this.full; i++) this.visit(items, value[i], `${field}/${i}`, `${name}[${i}]`);
  }

  #visitText(schema: SchemaNode, value: string, field: string, name: string): void {
    const { minLength = 0, maxLength = Infinity, pattern, format } = schema;
    const length = value.length > maxLength || value.length < minLength * 2 ? Array.from(value).length : value.length;
    if (length < minLength) this.#add(field, "minLength", value, lengthFix(name, minLength, maxLength));
    else if (length > maxLength) this.#add(field, "maxLength", value, lengthFix(name, minLength, maxLength));
    else if (pattern !== undefined && !regex(pattern).test(value))
      this.#add(field, "pattern", value, patternFix(name, pattern));
    else if (format !== undefined && !Format.Test(format, value))
      this.#add(field, "format", value, formatFix(name, format, value));
  }

  #visitExtensions(value: Record<string, unknown>, field: string): void {
    const problem = extensionProblem(value);
    if (problem !== undefined) this.#add(field, "extensions", undefined, problem);
  }

  #add(field: string, keyword: string, value: unknown, fix: string): void {
    const shown = value === undefined ? {} : { value: safeShow(value) };
    this.findings.push({ field, rule: `schema.${keyword}`, ...shown, fix });
  }
}

/** Extensions are kept as they are, so they must be plain JSON of a bounded size. Undefined when they are. */
export function extensionProblem(extensions: unknown): string | undefined {
  const waiting: { value: unknown; depth: number }[] = [{ value: extensions, depth: 0 }];
  let values = 0;
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { value, depth } = next;
    if (++values > EXTENSION_VALUES) return `Keep extensions to at most ${EXTENSION_VALUES} values.`;
    if (depth > EXTENSION_DEPTH) return `Nest extensions at most ${EXTENSION_DEPTH} deep.`;
    if (value === null || typeof value === "string" || typeof value === "boolean") continue;
    if (typeof value === "number" && Number.isFinite(value)) continue;
    if (typeof value !== "object") return `Put only JSON values into extensions, not a ${typeof value}.`;
    if (Object.hasOwn(value, "__proto__")) return "Remove the field __proto__ from extensions.";
    for (const child of Object.values(value)) waiting.push({ value: child, depth: depth + 1 });
  }
  return undefined;
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

/** Longest key that a field's path repeats, in characters. */
const POINTER_PART_CHARS = 80;

/** RFC 6901 §3. */
function pointerPart(key: string): string {
  const short = key.length > POINTER_PART_CHARS ? `${key.slice(0, POINTER_PART_CHARS)}…` : key;
  return short.replaceAll("~", "~0").replaceAll("/", "~1");
}

const compiled = new Map<string, RegExp>();

/** Compiled once per pattern; the patterns are those of the contracts, so there are few. */
function regex(pattern: string): RegExp {
  let found = compiled.get(pattern);
  if (found === undefined) compiled.set(pattern, (found = new RegExp(pattern, "u")));
  return found;
}
