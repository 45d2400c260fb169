import type { Engine, Worked } from "../engine.ts";
import type { Database } from "../database.ts";
import type { Env } from "../env.ts";
import {
  OdooError,
  accessDenied,
  asOdooError,
  databaseError,
  errorBody,
  httpError,
  keyError,
  typeError,
} from "../errors.ts";
import type { HttpAnswer, HttpRequest } from "../server.ts";
import type { Version } from "../values.ts";
import { isObject } from "../values.ts";
import { findMethod } from "./call.ts";
import { bindJson2, readJson2, runJson2 } from "./json2.ts";
import { readExecute, runExecute } from "./json-rpc.ts";

/** Who a key belongs to; undefined for a wrong one. */
export interface Accounts {
  byKey(key: string): number | undefined;
  byLogin(login: string, key: string): number | undefined;
}

export interface Transport {
  version: Version;
  database: string;
  engine: Engine;
  db: Database;
  accounts: Accounts;
  /** What a sign-in takes. */
  signIn(): Promise<void>;
}

const serverVersions = { 17: "17.0-20240709", 18: "18.0-20250702", 19: "19.0" } as const;

const JSON_TYPE = /^application\/json\b/;

export async function answerRequest(transport: Transport, request: HttpRequest): Promise<HttpAnswer | undefined> {
  const { path, method } = request;
  if (path === "/web/health" && method === "GET") return { status: 200, body: { status: "pass" } };
  if (path === "/jsonrpc" && method === "POST") return answerJsonRpc(transport, request);
  if (transport.version >= 19) {
    if ((path === "/web/version" || path === "/json/version") && method === "GET")
      return { status: 200, body: { version_info: [19, 0, 0, "final", 0, ""], version: "19.0" } };
    if (path.startsWith("/json/2/")) return answerJson2(transport, request);
  }
  return {
    status: 404,
    type: "html",
    body: "<!DOCTYPE html>\n<html><head><title>Odoo</title></head><body>Error 404</body></html>",
  };
}

async function answerJson2(transport: Transport, request: HttpRequest): Promise<HttpAnswer | undefined> {
  if (request.method === "POST" && !JSON_TYPE.test(request.headers["content-type"] ?? "")) return wrongType();
  const database = request.headers["x-odoo-database"];
  if (database !== undefined && database !== transport.database) return noDatabase();
  try {
    if (request.method !== "POST") throw httpError("NotFound", "Did you mean POST /json/2/<model>/<method>?");
    const worked = await workJson2(transport, request);
    if (worked.kind === "lost") return undefined;
    return worked.kind === "result" ? { status: 200, body: worked.value } : refusal(worked.error);
  } catch (error) {
    return refusal(asOdooError(error));
  }
}

function workJson2({ engine, accounts, db }: Transport, request: HttpRequest): Promise<Worked> {
  const uid = bearer(accounts, request.headers.authorization);
  const { call, context } = readJson2(request.path.slice("/json/2/".length), parseBody(request.body));
  return engine.work({
    uid,
    context: context as Env["context"],
    call: {
      model: call.model,
      method: call.method,
      records: Math.max(call.ids.length, countOf(call.args.vals_list), countOf(call.args.data)),
      movesStock: movesStock(db, call.model, call.method),
    },
    run: (env) => {
      bindJson2(env, call);
      return runJson2(env, call);
    },
  });
}

function movesStock(db: Database, model: string, method: string): boolean {
  return db.has(model) && findMethod(db, model, method)?.movesStock === true;
}

function countOf(value: unknown): number {
  return Array.isArray(value) ? value.length : 0;
}

function bearer(accounts: Accounts, header: string | undefined): number {
  const key = /^bearer (.+)$/i.exec(header ?? "")?.[1];
  if (key === undefined)
    throw httpError("Unauthorized", "User not authenticated, use an API Key with a Bearer Authorization header.");
  const uid = accounts.byKey(key);
  if (uid === undefined) throw httpError("Unauthorized", "Invalid apikey");
  return uid;
}

function parseBody(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw httpError(
      "BadRequest",
      "could not parse the body as json: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
    );
  }
}

function refusal(error: OdooError): HttpAnswer {
  const headers = error.status === 401 ? { "www-authenticate": "Bearer " } : undefined;
  return { status: error.status, body: errorBody(error, "json2"), ...(headers && { headers }) };
}

function wrongType(): HttpAnswer {
  return {
    status: 415,
    type: "html",
    body: "<!doctype html>\n<html lang=en>\n<title>415 Unsupported Media Type</title>\n<h1>Unsupported Media Type</h1>\n<p>Send this request as application/json.</p>\n",
  };
}

function noDatabase(): HttpAnswer {
  return {
    status: 404,
    type: "html",
    body: "<!DOCTYPE html>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n<p>No database is selected and the requested URL was not found in the server-wide controllers.</p>\n",
  };
}

async function answerJsonRpc(transport: Transport, request: HttpRequest): Promise<HttpAnswer | undefined> {
  if (!JSON_TYPE.test(request.headers["content-type"] ?? ""))
    return {
      status: transport.version >= 19 ? 415 : 400,
      type: "html",
      body: "<!doctype html>\n<title>Unsupported Media Type</title>\n",
    };
  let envelope: unknown;
  try {
    envelope = JSON.parse(request.body);
  } catch {
    return { status: 400, type: "html", body: "Invalid JSON data" };
  }
  if (!isObject(envelope)) return { status: 400, type: "html", body: "Invalid JSON-RPC data" };
  const head = { jsonrpc: "2.0", id: envelope.id ?? null };
  try {
    const worked = await workJsonRpc(transport, isObject(envelope.params) ? envelope.params : {});
    if (worked.kind === "lost") return undefined;
    if (worked.kind === "error") throw worked.error;
    const silent = worked.value === null || worked.value === undefined;
    return { status: 200, body: silent ? head : { ...head, result: worked.value } };
  } catch (error) {
    return { status: 200, body: { ...head, error: rpcError(transport.version, asOdooError(error)) } };
  }
}

function rpcError(version: Version, error: OdooError) {
  return { code: version >= 19 ? 0 : 200, message: "Odoo Server Error", data: errorBody(error, "rpc") };
}

async function workJsonRpc(transport: Transport, params: Readonly<Record<string, unknown>>): Promise<Worked> {
  const { service, method, args } = params;
  if (typeof service !== "string" || typeof method !== "string" || !Array.isArray(args))
    throw typeError("jsonrpc() missing 3 required positional arguments: 'service', 'method', and 'args'");
  if (service === "common") return { kind: "result", value: await answerCommon(transport, method, args) };
  if (service !== "object") throw keyError(service);
  return workObject(transport, method, args);
}

async function answerCommon(transport: Transport, method: string, args: readonly unknown[]): Promise<unknown> {
  switch (method) {
    case "version":
      return {
        server_version: serverVersions[transport.version],
        server_version_info: [transport.version, 0, 0, "final", 0, ""],
        server_serie: `${transport.version}.0`,
        protocol_version: 1,
      };
    case "login":
    case "authenticate": {
      requireDatabase(transport, args[0]);
      await transport.signIn();
      return transport.accounts.byLogin(String(args[1]), String(args[2])) ?? false;
    }
    default:
      throw new OdooError("builtins.AttributeError", `module 'common' has no method '${method}'`);
  }
}

function requireDatabase(transport: Transport, name: unknown): void {
  if (name === transport.database) return;
  throw databaseError(
    "OperationalError",
    `connection to server at "127.0.0.1", port 5432 failed: FATAL:  database "${String(name)}" does not exist\n`,
  );
}

async function workObject(transport: Transport, method: string, args: readonly unknown[]): Promise<Worked> {
  if (method !== "execute_kw" && method !== "execute")
    throw new OdooError("builtins.NameError", `Method not available ${method}`);
  const { database, uid, key, execute } = readExecute(args);
  requireDatabase(transport, database);
  if (typeof key !== "string" || transport.accounts.byKey(key) !== uid) throw accessDenied();
  const context = isObject(execute.named.context) ? execute.named.context : {};
  return transport.engine.work({
    uid: uid as number,
    context,
    call: {
      model: execute.model,
      method: execute.method,
      records: Math.max(1, countOf(execute.positional[0])),
      movesStock: movesStock(transport.db, execute.model, execute.method),
    },
    run: (env) => runExecute(env, execute),
  });
}
