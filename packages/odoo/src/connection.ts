import { LineshaftError, UnavailableError, type Secret } from "@lineshaft/core";
import { faultError, readError, statusError, type OdooFault } from "./answer-error.ts";
import { openHttp, type Http, type HttpAnswer } from "./http.ts";

/** One call, the same for all versions: arguments by name, as Odoo's Python methods name them. */
export interface OdooCall {
  model: string;
  method: string;
  ids?: readonly number[];
  args?: Readonly<Record<string, unknown>>;
  context?: Readonly<Record<string, unknown>>;
  /** It changes something, so that a lost answer leaves it uncertain. Default false. */
  effect?: boolean;
}

export interface OdooVersion {
  major: number;
  /** `19.0`. */
  text: string;
}

/** Access to one database of one Odoo as one user. Signs in at the first call. */
export interface OdooConnection {
  version(signal: AbortSignal): Promise<OdooVersion>;
  /** @throws UnavailableError, RejectedError, UncertainError (only with `effect`), LineshaftError `system-unfit` */
  call(call: OdooCall, signal: AbortSignal): Promise<unknown>;
  close(): Promise<void>;
}

export interface ConnectionOptions {
  url: string;
  database: string;
  login: string;
  key: Secret;
  timeoutMs: number;
}

/** Oldest and newest version that the connector was tried with. */
export const OLDEST_VERSION = 17;
export const NEWEST_VERSION = 19;

type Send = (call: OdooCall, signal: AbortSignal) => Promise<unknown>;

export function openConnection(options: ConnectionOptions): OdooConnection {
  const http = openHttp(options.url, options.timeoutMs);
  const version = once((signal) => findVersion(http, signal));
  const send = once<Send>(async (signal) => {
    const { major } = await version(signal);
    return major >= 19 ? json2(http, options) : await jsonRpc(http, options, signal);
  });
  return {
    version,
    async call(call, signal) {
      try {
        return await (
          await send(signal)
        )(call, signal);
      } catch (error) {
        throw call.effect ? error : readError(error);
      }
    },
    close: () => http.close(),
  };
}

/** Runs once for all who ask, and again after a failure. */
function once<T>(find: (signal: AbortSignal) => Promise<T>): (signal: AbortSignal) => Promise<T> {
  let found: Promise<T> | undefined;
  return (signal) => {
    if (found === undefined) {
      const mine = find(signal).catch((error: unknown) => {
        if (found === mine) found = undefined;
        throw readError(error);
      });
      found = mine;
    }
    return found;
  };
}

/** Odoo 19 says its version without a sign-in at /web/version; older ones over RPC. */
async function findVersion(http: Http, signal: AbortSignal): Promise<OdooVersion> {
  const answer = await http.get("/web/version", signal);
  const told = answer.status === 200 ? parse(answer) : await rpc(http, "common", "version", [], "the version", signal);
  const info = isRecord(told) ? (told["version_info"] ?? told["server_version_info"]) : undefined;
  const major: unknown = Array.isArray(info) ? info[0] : undefined;
  const number = typeof major === "number" ? major : Number(String(major).replace(/^saas~/, ""));
  if (!Number.isInteger(number)) {
    throw new UnavailableError("What answers at the address of Odoo does not say an Odoo version.", {
      said: answer.text.slice(0, 200),
      next: "Check url in the configuration.",
    });
  }
  if (number < OLDEST_VERSION) {
    throw new LineshaftError("system-unfit", `Odoo ${number} is older than ${OLDEST_VERSION}.`, {
      next: `Use Odoo ${OLDEST_VERSION} to ${NEWEST_VERSION}.`,
    });
  }
  return { major: number, text: `${number}.${Array.isArray(info) ? String(info[1] ?? 0) : "0"}` };
}

/** Odoo 19 and later: one URL for each method, the status says what went wrong. */
function json2(http: Http, options: ConnectionOptions): Send {
  return async ({ model, method, ids, args, context }, signal) => {
    const headers = { authorization: `bearer ${options.key.read()}`, "x-odoo-database": options.database };
    const body = { ...args, ...(ids && { ids }), ...(context && { context }) };
    const answer = await http.post(`/json/2/${model}/${method}`, headers, body, signal);
    const told = parse(answer);
    if (answer.status === 200 && told !== undefined) return told;
    const what = `${method} on ${model}`;
    throw isFault(told) ? faultError(what, told) : statusError(what, answer);
  };
}

/** Odoo 17 and 18: everything through one door, the status is always 200. */
async function jsonRpc(http: Http, options: ConnectionOptions, signal: AbortSignal): Promise<Send> {
  const { database, login, key } = options;
  const uid = await rpc(http, "common", "authenticate", [database, login, key.read(), {}], "the sign-in", signal);
  if (typeof uid !== "number") throw faultError("the sign-in", { name: "AccessDenied", message: "Access Denied" });
  return ({ model, method, ids, args, context }, callSignal) => {
    const { positional, named } = positionalArgs(method, ids, args);
    return rpc(
      http,
      "object",
      "execute_kw",
      [database, uid, key.read(), model, method, positional, { ...named, ...(context && { context }) }],
      `${method} on ${model}`,
      callSignal,
    );
  };
}

/** Over JSON-RPC ids come first, and `create` takes its list only by position. */
function positionalArgs(method: string, ids: OdooCall["ids"], args: OdooCall["args"] = {}) {
  if (method !== "create") return { positional: ids ? [ids] : [], named: args };
  const { vals_list: list, ...named } = args;
  return { positional: [list], named };
}

async function rpc(http: Http, service: string, method: string, args: unknown[], what: string, signal: AbortSignal) {
  const body = { jsonrpc: "2.0", method: "call", id: 1, params: { service, method, args } };
  const answer = await http.post("/jsonrpc", {}, body, signal);
  const told = parse(answer);
  if (answer.status !== 200 || !isRecord(told)) throw statusError(what, answer);
  if (!("error" in told)) return told["result"] ?? null;
  const error = isRecord(told["error"]) ? told["error"] : {};
  throw isFault(error["data"]) ? faultError(what, error["data"]) : statusError(what, { ...answer, status: 500 });
}

function parse(answer: HttpAnswer): unknown {
  if (!answer.contentType.includes("json")) return undefined;
  try {
    return JSON.parse(answer.text) as unknown;
  } catch {
    return undefined;
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isFault(value: unknown): value is OdooFault {
  return isRecord(value) && typeof value["name"] === "string" && typeof value["message"] === "string";
}
