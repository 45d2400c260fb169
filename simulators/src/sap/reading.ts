import { fromLiteral, toJson } from "./edm.ts";
import { compareValues, parseFilter } from "./filter.ts";
import type { Row } from "./filter.ts";
import { SapRefusal, malformed } from "./refusal.ts";
import type { EntitySet } from "./schema.ts";
import type { Table } from "./table.ts";

export interface ReadOptions {
  tables: ReadonlyMap<string, Table>;
  /** Readers see what was visible at this moment. */
  at: number;
  /** `http://127.0.0.1:4000/sap/opu/odata/sap/API_…` */
  root: string;
  /** Most rows on a page. */
  pageRows: number;
}

const knownOptions = new Set([
  "$filter",
  "$orderby",
  "$expand",
  "$select",
  "$top",
  "$skip",
  "$skiptoken",
  "$format",
  "$inlinecount",
]);

/** A collection: filtered, ordered, and in pages that the server cuts with `__next`. */
export function readCollection(set: EntitySet, query: URLSearchParams, options: ReadOptions): object {
  checkOptions(query);
  const text = query.get("$filter");
  const filter = text === null ? undefined : parseFilter(text, set);
  const rows = ordered(tableOf(set, options).select(filter, options.at), set, query.get("$orderby"));
  const skip = count(query, "$skip") ?? 0;
  const top = count(query, "$top");
  const wanted = rows.slice(skip, top === undefined ? undefined : skip + top);
  const from = Number(query.get("$skiptoken") ?? 0);
  const page = wanted.slice(from, from + options.pageRows);
  const more = from + page.length < wanted.length;
  return {
    ...(query.get("$inlinecount") === "allpages" && { __count: String(rows.length) }),
    results: page.map((row) => present(set, row, query, options)),
    ...(more && { __next: nextLink(set, query, from + page.length, options.root) }),
  };
}

/** One entity by its key predicate, or what a navigation from it leads to. */
export function readEntity(
  set: EntitySet,
  key: string,
  navigation: string,
  query: URLSearchParams,
  options: ReadOptions,
): object {
  checkOptions(query);
  const row = findByKey(set, key, options);
  if (!row) throw new SapRefusal(404, "/IWBEP/CM_MGW_RT/020", `Resource not found for segment '${set.type}'`);
  if (navigation === "") return present(set, row, query, options);
  return {
    results: related(set, row, navigation, options).map(({ target, each }) => present(target, each, query, options)),
  };
}

/** An entity as JSON, with links and with what `$expand` asks for. */
export function present(set: EntitySet, row: Row, query: URLSearchParams, options: ReadOptions): object {
  const selected = query
    .get("$select")
    ?.split(",")
    .map((name) => name.trim());
  const expanded = (query.get("$expand") ?? "").split(",").filter(Boolean);
  const uri = `${options.root}/${set.set}(${set.keys.map((key) => `${key}='${String(row[key])}'`).join(",")})`;
  const entity: Record<string, unknown> = {
    __metadata: { id: uri, uri, type: `${set.service}.${set.type}`, etag: etagOf(set, row) },
  };
  for (const [name, type] of Object.entries(set.fields)) {
    if (selected === undefined || selected.includes(name)) entity[name] = toJson(type, row[name] ?? null);
  }
  for (const unknown of expanded)
    if (!(unknown in set.navigations)) throw malformed(`Property ${unknown} not found in ${set.type}.`);
  for (const name of Object.keys(set.navigations)) {
    if (!expanded.includes(name)) entity[name] = { __deferred: { uri: `${uri}/${name}` } };
    else {
      const nested = new URLSearchParams();
      entity[name] = {
        results: related(set, row, name, options).map(({ target, each }) => present(target, each, nested, options)),
      };
    }
  }
  return entity;
}

/** Weak tag from the change stamp, where an entity has one. */
export function etagOf(set: EntitySet, row: Row): string | undefined {
  return "LastChangeDateTime" in set.fields ? `W/"'${String(row["LastChangeDateTime"])}'"` : undefined;
}

function parameters(text: string): Map<string, string> {
  const pairs = [...text.matchAll(/(?:([A-Za-z_]\w*)\s*=\s*)?((?:[a-z]*'(?:[^']|'')*')|[^,']+)(?:,|$)/gi)];
  return new Map(pairs.map(([, name = "", literal = ""]) => [name, literal.trim()]));
}

function findByKey(set: EntitySet, key: string, options: ReadOptions): Row | undefined {
  const given = parameters(key);
  const [only] = set.keys;
  if (set.keys.length === 1 && only !== undefined && given.has("")) given.set(only, given.get("") ?? "");
  const equal = new Map(
    set.keys.map((name) => {
      const literal = given.get(name);
      const type = set.fields[name];
      if (literal === undefined || type === undefined) throw malformed(`Key ${name} of ${set.type} is missing.`);
      return [name, fromLiteral(name, type, literal)] as const;
    }),
  );
  const test = (row: Row) => [...equal].every(([name, value]) => row[name] === value);
  return tableOf(set, options).select({ test, equal }, options.at)[0];
}

function related(set: EntitySet, row: Row, name: string, options: ReadOptions) {
  const navigation = set.navigations[name];
  const table = navigation && options.tables.get(navigation.set);
  if (!navigation || !table) throw malformed(`Resource not found for segment '${name}'.`);
  const equal = new Map(navigation.on.map(([here, there]) => [there, row[here] ?? null] as const));
  const test = (each: Row) => [...equal].every(([field, value]) => each[field] === value);
  return table.select({ test, equal }, options.at).map((each) => ({ target: table.set, each }));
}

function ordered(rows: Row[], set: EntitySet, orderby: string | null): Row[] {
  if (orderby === null) return rows;
  const terms = orderby.split(",").map((term) => term.trim().split(/\s+/));
  return [...rows].sort((a, b) => {
    for (const [field = "", direction = "asc"] of terms) {
      const type = set.fields[field];
      if (type === undefined) throw malformed(`Property ${field} not found in ${set.type}.`);
      const order = compareValues(type, a[field] ?? null, b[field] ?? null);
      if (order !== 0) return direction === "desc" ? -order : order;
    }
    return 0;
  });
}

function nextLink(set: EntitySet, query: URLSearchParams, token: number, root: string): string {
  const next = new URLSearchParams(query);
  next.set("$skiptoken", String(token));
  return `${root}/${set.set}?${next.toString().replaceAll("%24", "$")}`;
}

function checkOptions(query: URLSearchParams): void {
  for (const name of query.keys()) {
    if (name.startsWith("$") && !knownOptions.has(name)) throw malformed(`Unknown query option ${name}.`);
  }
}

function count(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  if (!/^\d{1,9}$/.test(text)) throw malformed(`${name} must be a number.`);
  return Number(text);
}

function tableOf(set: EntitySet, { tables }: ReadOptions): Table {
  const table = tables.get(set.set);
  if (!table) throw malformed(`Resource not found for segment '${set.set}'.`);
  return table;
}
