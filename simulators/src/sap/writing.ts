import { cancelConfirmation, postConfirmation } from "./confirmations.ts";
import type { PostedConfirmation } from "./confirmations.ts";
import { fromJson, fromLiteral } from "./edm.ts";
import type { Value } from "./edm.ts";
import type { Row } from "./filter.ts";
import { cancelDocument, postDocument } from "./goods-movements.ts";
import type { Plant } from "./plant.ts";
import { present } from "./reading.ts";
import type { ReadOptions } from "./reading.ts";
import { SapRefusal, malformed } from "./refusal.ts";
import { entitySetNamed, entitySets, functionImports } from "./schema.ts";
import type { EntitySet, FunctionImport } from "./schema.ts";

/** What a write came to. */
export interface WriteAnswer {
  status: number;
  headers: Record<string, string>;
  body: object;
}

export interface WriteOptions extends ReadOptions {
  plant: Plant;
  /** Some releases leave the nested items out of their answer to a deep insert. */
  answerItems: boolean;
}

/** Does what a POST to a path below the service asks for, or throws a SapRefusal and has done nothing. */
export function write(service: string, path: string, body: unknown, options: WriteOptions): WriteAnswer {
  const [name = "", query = ""] = path.split("?");
  const functionImport = functionImports[service]?.find((each) => each.name === name);
  if (functionImport) return callFunction(functionImport, new URLSearchParams(query), options);
  const set = entitySets.find((each) => each.service === service && each.set === name);
  if (!set) throw malformed(`Resource not found for segment '${name}'.`);
  if (!set.creatable) throw new SapRefusal(405, "/IWBEP/CM_MGW_RT/021", `Method 'CREATE' not supported for ${set.set}`);
  const { fields, nested } = readBody(set, body);
  if (set.set === "ProdnOrdConf2") {
    return confirmationAnswer(postConfirmation(options.plant, fields, nested), options, 201);
  }
  return documentAnswer(postDocument(options.plant, fields, nested), options);
}

function callFunction(
  { name, parameters, required }: FunctionImport,
  query: URLSearchParams,
  options: WriteOptions,
): WriteAnswer {
  const given: Record<string, Value> = {};
  for (const [parameter, type] of Object.entries(parameters)) {
    const literal = query.get(parameter);
    if (literal !== null) given[parameter] = fromLiteral(parameter, type, literal);
    else if (required.includes(parameter)) throw malformed(`Function import ${name} lacks parameter ${parameter}.`);
  }
  if (name === "CancelProdnOrdConf") return confirmationAnswer(cancelConfirmation(options.plant, given), options, 200);
  const { MaterialDocumentYear: year, MaterialDocument: number, PostingDate: date } = given;
  const cancelled = cancelDocument(options.plant, String(year), String(number), typeof date === "string" ? date : null);
  return { ...documentAnswer(cancelled, options), status: 200 };
}

function confirmationAnswer(
  { row, items, warning }: PostedConfirmation,
  options: WriteOptions,
  status: number,
): WriteAnswer {
  const set = entitySetNamed("ProdnOrdConf2");
  const entity = withItems(set, row, "to_ProdnOrdConfMatlDocItm", items, options);
  const headers = location(entity, status);
  if (warning !== undefined) headers["sap-message"] = sapMessage("RU/262", warning);
  return { status, headers, body: entity };
}

function documentAnswer(row: Row, options: WriteOptions): WriteAnswer {
  const set = entitySetNamed("A_MaterialDocumentHeader");
  const items = options.plant.documentItems.where({
    MaterialDocument: row["MaterialDocument"] ?? "",
    MaterialDocumentYear: row["MaterialDocumentYear"] ?? "",
  });
  const entity = withItems(set, row, "to_MaterialDocumentItem", items, options);
  return { status: 201, headers: location(entity, 201), body: entity };
}

function withItems(
  set: EntitySet,
  row: Row,
  navigation: string,
  items: readonly Row[],
  options: WriteOptions,
): Record<string, unknown> {
  const query = new URLSearchParams();
  const target = entitySetNamed(set.navigations[navigation]?.set ?? "");
  const shown = options.answerItems ? items : [];
  return {
    ...present(set, row, query, options),
    [navigation]: { results: shown.map((item) => present(target, item, query, options)) },
  };
}

/** Types and lengths are checked; a property that the service does not have is refused, as Gateway does. */
function readBody(set: EntitySet, body: unknown): { fields: Row; nested: Row[] } {
  const fields: Row = {};
  const nested: Row[] = [];
  for (const [name, value] of Object.entries(objectOf(body, set))) {
    const navigation = set.navigations[name];
    const type = set.fields[name];
    if (navigation) {
      const target = entitySetNamed(navigation.set);
      for (const each of nestedOf(value)) nested.push(readBody(target, each).fields);
    } else if (type !== undefined) fields[name] = fromJson(name, type, value);
    else throw malformed(`Property '${name}' is invalid`);
  }
  for (const [name, type] of Object.entries(set.fields)) {
    if (typeof type === "number" && fields[name] === undefined) fields[name] = "";
  }
  return { fields, nested };
}

function nestedOf(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  const results = typeof value === "object" && value !== null && "results" in value ? value.results : undefined;
  if (!Array.isArray(results)) throw malformed("A navigation property must hold a list of entities.");
  return results;
}

function objectOf(body: unknown, set: EntitySet): object {
  if (typeof body !== "object" || body === null || Array.isArray(body)) throw malformed(`The body is no ${set.type}.`);
  return body;
}

function location(entity: Record<string, unknown>, status: number): Record<string, string> {
  const metadata = entity["__metadata"];
  const uri = typeof metadata === "object" && metadata !== null && "uri" in metadata ? metadata.uri : undefined;
  return status === 201 && typeof uri === "string" ? { location: uri } : {};
}

function sapMessage(code: string, message: string): string {
  return JSON.stringify({ code, message, severity: "warning", target: "", transition: false, details: [] });
}
