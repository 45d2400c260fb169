import type { ModelContract } from "./define-contract.ts";
import { CLOCK_SKEW_MS, FINDINGS, QUANTITY_DECIMALS, QUANTITY_INTEGER_DIGITS } from "./limits.ts";
import { UNIT_FORMAT } from "./primitives.ts";
import type { SchemaNode } from "./schema-findings.ts";
import { unitTable } from "./units-table.ts";

/**
 * The documentation of contracts, made from what runs.
 * @returns text by file name: `README.md`, `units.md`, a page and a JSON Schema per contract
 */
export function contractDocs(contracts: readonly ModelContract[]): Record<string, string> {
  const files: Record<string, string> = { "README.md": index(contracts), "units.md": unitsPage() };
  for (const contract of contracts) {
    files[`${contract.name}.md`] = page(contract);
    files[`${contract.id}.schema.json`] = `${JSON.stringify(contract.schema, null, 2)}\n`;
  }
  return files;
}

function index(contracts: readonly ModelContract[]): string {
  const rows = contracts.map((contract) => [
    `[${contract.title}](${contract.name}.md)`,
    code(contract.id),
    contract.kind,
    contract.purpose,
  ]);
  return lines(
    "# Contracts",
    "",
    "The canonical messages of Lineshaft, in the terms of ISA-95 parts 2 and 4. Made by `npm run docs`; do not edit.",
    "",
    ...table(["contract", "id", "kind", "purpose"], rows),
    "",
    "An **event** happened and stays true. A **state** says how something is now: a newer version replaces an older one.",
    "",
    "- Every message has the source's own `id`. Sent again with the same id, it is recognised and not applied again.",
    "- Every time carries its zone, `2026-01-05T06:30:00+01:00` or `…Z`.",
    `- A quantity is \`{ "value": "12.5", "unit": "KGM" }\`: a decimal as a string with at most ${QUANTITY_INTEGER_DIGITS} digits before and ${QUANTITY_DECIMALS} after the point, and a [UN/ECE Recommendation 20 code](units.md).`,
    "- Fields that a contract does not know are refused. Plant-specific data goes into `extensions`.",
    `- A refusal lists up to ${FINDINGS} findings. Each has the field as a JSON pointer, the rule's code, the value and what to do.`,
    "",
  );
}

function unitsPage(): string {
  const rows = unitTable.map((unit) => [
    code(unit.code),
    unit.name,
    unit.symbol,
    unit.dimension,
    unit.offset === undefined ? unit.factor : `(value + ${unit.offset}) × ${unit.factor}`,
  ]);
  return lines(
    "# Units",
    "",
    "Codes of UN/ECE Recommendation 20 that contracts accept. Units of one dimension convert into one another by their factors; other conversions come from the [product](product.md). Made by `npm run docs`; do not edit.",
    "",
    ...table(["code", "name", "symbol", "dimension", "factor"], rows),
    "",
  );
}

function page(contract: ModelContract): string {
  return lines(
    `# ${contract.title}`,
    "",
    `\`${contract.id}\`, ${contract.kind === "event" ? "an event" : "a state"}. ${contract.purpose}`,
    "",
    `- Business object: ${words(contract.keys.object)}`,
    `- Order key: ${words(contract.keys.key)}. Messages of one key are applied in the order of their arrival.`,
    `- JSON Schema: [${contract.id}.schema.json](${contract.id}.schema.json)`,
    "",
    "## Fields",
    "",
    ...table(["field", "type", "required", "meaning"], fieldRows(contract.schema, "")),
    "",
    "## Rules",
    "",
    `Besides the schema, whose findings have codes such as \`schema.required\`. "Ahead" allows clocks to differ by ${CLOCK_SKEW_MS / 60_000} minutes. Rules that need an order or a product apply when the hub knows it.`,
    "",
    ...table(["code", "what must hold", "what to do when it does not"], contract.ruleTable.map(ruleRow)),
    "",
    "## Examples",
    "",
    ...contract.examples.flatMap((example) => ["```json", JSON.stringify(example, null, 2), "```", ""]),
  );
}

function ruleRow(rule: ModelContract["ruleTable"][number]): string[] {
  return [code(rule.code), rule.promise, rule.fix];
}

function fieldRows(schema: SchemaNode, path: string): string[][] {
  const required = new Set(schema.required);
  return Object.entries(schema.properties ?? {}).flatMap(([key, child]) => {
    const field = path === "" ? key : `${path}.${key}`;
    const row = [code(field), typeOf(child), required.has(key) ? "yes" : "", child.description ?? ""];
    if (isQuantity(child)) return [row];
    return [row].concat(child.items ? fieldRows(child.items, `${field}[]`) : fieldRows(child, field));
  });
}

function typeOf(schema: SchemaNode): string {
  if (schema.enum) return schema.enum.map((word) => code(String(word))).join(", ");
  if (isQuantity(schema)) return isDuration(schema) ? "duration" : "quantity";
  if (schema.type === "array") return `list of ${plural(schema.items)}, ${range(schema.minItems, schema.maxItems)}`;
  if (schema.type === "object") return schema.properties ? "object" : "any fields";
  if (schema.format === "date-time") return "time";
  if (schema.format === "date") return "date";
  if (schema.format === UNIT_FORMAT) return "unit code";
  if (schema.type === "string" && schema.maxLength !== undefined) return `text, up to ${schema.maxLength}`;
  return schema.type === "string" && schema.pattern?.startsWith("^-?")
    ? "decimal"
    : (schema.type ?? "any").replace("string", "text");
}

function plural(items: SchemaNode | undefined): string {
  return items?.type === "object" ? "objects" : "texts";
}

function range(min = 0, max?: number): string {
  return max === undefined ? `at least ${min}` : `${min} to ${max}`;
}

function isQuantity(schema: SchemaNode): boolean {
  return Object.keys(schema.properties ?? {}).join() === "value,unit";
}

function isDuration(schema: SchemaNode): boolean {
  return schema.properties?.["unit"]?.enum !== undefined;
}

function words(list: string): string {
  return list
    .split(", ")
    .map((word) => code(word))
    .join(", ");
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [tableRow(head), tableRow(head.map(() => "---")), ...rows.map(tableRow)];
}

function tableRow(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

function code(text: string): string {
  return `\`${text}\``;
}

function lines(...parts: string[]): string {
  return parts.join("\n");
}
