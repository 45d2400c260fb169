import { UnavailableError, UncertainError } from "@lineshaft/core";
import { fieldOf, isObject, parseJson } from "../json.ts";
import { CsrfSession } from "./csrf-session.ts";
import type { HttpAnswer, HttpRequest, HttpSession } from "./http-session.ts";
import { queryString } from "./literal.ts";
import type { Literal } from "./literal.ts";
import { boundaryOf, readHttpPart, readMultipart, writeHttpPart, writeMultipart } from "./multipart.ts";
import type { HttpPart, Part } from "./multipart.ts";
import { refusalOf, refusesRepeatability } from "./refusal.ts";
import type { Answered } from "./refusal.ts";
import { readSapMessages } from "./sap-message.ts";
import type { SapMessage } from "./sap-message.ts";

/** One entity as SAP sends it, JSON of OData V2: decimals are strings, navigation is `{ results }` or `{ __deferred }`. */
export type Entity = Record<string, unknown>;

/** Most pages that `readAll` follows. */
const MAX_PAGES = 10_000;

export interface Page {
  results: Entity[];
  /** Where the server says it goes on, as a path on this server. */
  next: string | undefined;
}

/** One request that changes something: the creation of an entity, or a call of a function. */
export interface Write {
  /** For sentences: `confirmation of order 1000001, operation 0010`. */
  action: string;
  /** Relative to the service: `ProdnOrdConf2`, `Cancel?MaterialDocument='…'`. */
  path: string;
  body?: Entity;
  /** `RequestID` and `RepeatabilityCreation`. */
  repeatability: { requestId: string; createdAt: string };
  ifMatch?: string;
}

/** What SAP said to a write that it did. */
export interface Written {
  entity: Entity;
  /** Warnings and the like; the write stands all the same. */
  messages: SapMessage[];
  /** SAP keeps the RequestID and will refuse to do it again. */
  repeatable: boolean;
}

export interface ServiceOptions {
  /** `API_MATERIAL_DOCUMENT_SRV` */
  service: string;
  lockCodes: ReadonlySet<string>;
  now: () => number;
}

/**
 * One OData V2 service. Reads may be repeated by the caller, writes are sent exactly once (see CsrfSession for the one
 * exception). Errors are core's: RejectedError, UnavailableError, UncertainError.
 */
export class ODataService {
  readonly name: string;
  readonly #http: HttpSession;
  readonly #root: string;
  readonly #csrf: CsrfSession;
  readonly #options: ServiceOptions;
  #batches = 0;
  /** Set once SAP has said that it takes no RequestID. */
  #withoutRepeatability = false;

  constructor(http: HttpSession, options: ServiceOptions) {
    this.name = options.service;
    this.#http = http;
    this.#root = `/sap/opu/odata/sap/${options.service}/`;
    this.#csrf = new CsrfSession(http, this.#root);
    this.#options = options;
  }

  close(): void {
    this.#csrf.close();
  }

  /** Asks for the service document. */
  async ping(signal: AbortSignal): Promise<void> {
    await this.#get(`${this.#root}?$format=json`, "service document", signal);
  }

  /** The service's own description, EDMX. */
  async metadata(signal: AbortSignal): Promise<string> {
    const call = {
      method: "GET",
      path: `${this.#root}$metadata`,
      headers: { accept: "application/xml" },
      effect: false,
    } as const;
    const answer = await this.#http.request(call, signal);
    const refusal = refusalOf(answer, this.#asked("description of the service"));
    if (refusal) throw refusal;
    return answer.body.toString("utf8");
  }

  /** One entity by its key path; undefined when there is none. */
  async readOne(path: string, query: Query, signal: AbortSignal): Promise<Entity | undefined> {
    const call = { method: "GET", path: this.#root + path + queryString(query), effect: false } as const;
    const answer = await this.#http.request(call, signal);
    if (answer.status === 404 && isOData(answer)) return undefined;
    return entityOf(this.#readable(answer, path));
  }

  /** One page of an entity set. */
  async readPage(path: string, query: Query, signal: AbortSignal): Promise<Page> {
    return pageOf(await this.#get(this.#root + path + queryString(query), path, signal));
  }

  /** The page that `next` of another page leads to. */
  async readNext(next: string, signal: AbortSignal): Promise<Page> {
    return pageOf(await this.#get(next, "next page", signal));
  }

  /** All entities of a set, following the server's pages. */
  async readAll(path: string, query: Query, signal: AbortSignal): Promise<Entity[]> {
    const all: Entity[] = [];
    let page = await this.readPage(path, query, signal);
    for (let pages = 1; ; pages++) {
      all.push(...page.results);
      if (page.next === undefined) return all;
      if (pages >= MAX_PAGES) throw new Error(`${this.name}/${path} has more than ${MAX_PAGES} pages.`);
      page = await this.readNext(page.next, signal);
    }
  }

  /** Sends one write. */
  async write(write: Write, signal: AbortSignal): Promise<Written> {
    const { startLine: _, headers, body } = this.#request(write);
    const call: HttpRequest = { method: "POST", path: this.#root + write.path, headers, body, effect: true };
    const answer = await this.#csrf.send(call, signal);
    return this.#written(answer, write);
  }

  /**
   * Sends several writes in one `$batch`, each in a change set of its own, so that each stands or falls alone.
   * @returns one result per write, in order: what was written, or the error
   */
  async writeBatch(writes: readonly Write[], signal: AbortSignal): Promise<(Written | Error)[]> {
    const boundary = `batch_${++this.#batches}_lineshaft`;
    const sets = writes.map((write, index) => this.#changeSet(write, index));
    const headers = { "content-type": `multipart/mixed; boundary=${boundary}`, accept: "multipart/mixed" };
    const body = writeMultipart(boundary, sets);
    const answer = await this.#csrf.send(
      { method: "POST", path: `${this.#root}$batch`, headers, body, effect: true },
      signal,
    );
    const refusal = refusalOf(answer, this.#asked(`batch of ${writes.length}`));
    if (refusal) throw this.#batchRefusal(refusal, writes.length);
    const answers = this.#readBatch(answer);
    return writes.map((write, index) => {
      const part = answers[index];
      if (part instanceof Error) return part;
      if (part === undefined) return this.#unanswered(write);
      try {
        return this.#written(part, write);
      } catch (error) {
        return error instanceof Error ? error : new Error(String(error));
      }
    });
  }

  #changeSet(write: Write, index: number): Part {
    const boundary = `changeset_${index + 1}_lineshaft`;
    const headers = {
      "content-type": "application/http",
      "content-transfer-encoding": "binary",
      "content-id": String(index + 1),
    };
    const content = writeMultipart(boundary, [{ headers, body: writeHttpPart(this.#request(write)) }]);
    return { headers: { "content-type": `multipart/mixed; boundary=${boundary}` }, body: content };
  }

  #request(write: Write): HttpPart {
    const body = Buffer.from(write.body === undefined ? "" : JSON.stringify(write.body));
    const headers = {
      accept: "application/json",
      ...(write.body !== undefined && { "content-type": "application/json" }),
      "content-length": String(body.length),
      ...(write.ifMatch !== undefined && { "if-match": write.ifMatch }),
      ...(!this.#withoutRepeatability && {
        requestid: write.repeatability.requestId,
        repeatabilitycreation: write.repeatability.createdAt,
      }),
    };
    return { startLine: `POST ${write.path} HTTP/1.1`, headers, body };
  }

  #written(answer: Answered, write: Write): Written {
    if (refusesRepeatability(answer)) {
      this.#withoutRepeatability = true;
      throw new UnavailableError(`${this.#http.options.system} takes no RequestID for the ${write.action}.`, {
        next: "Nothing; it is sent again without one. SAP's idempotent services can be set up in SPRO.",
      });
    }
    const entity = entityOf(this.#success(answer, write.action));
    return {
      entity,
      messages: readSapMessages(answer.headers["sap-message"]),
      repeatable: answer.headers["repeatabilityresult"]?.toLowerCase() === "accepted",
    };
  }

  /** One answer per change set: its first response when it went well, or the one response that tells why it did not. */
  #readBatch(answer: HttpAnswer): (Answered | Error)[] {
    try {
      return partsOf(answer.headers["content-type"], answer.body).map((part) => {
        const inner = isMultipart(part) ? partsOf(part.headers["content-type"], part.body)[0] : part;
        if (!inner) throw new Error("A change set's answer is empty.");
        return answeredBy(readHttpPart(inner.body));
      });
    } catch (cause) {
      throw new UncertainError(`${this.#http.options.system} answered a batch in a way that can't be read.`, {
        said: cause instanceof Error ? cause.message : String(cause),
        next: "The hub looks up what SAP has posted.",
        cause,
      });
    }
  }

  /** Whether SAP stopped before or within a batch that it refuses as a whole can't be told, unless it says so. */
  #batchRefusal(refusal: Error, count: number): Error {
    if (refusal instanceof UnavailableError || refusal instanceof UncertainError) return refusal;
    return new UncertainError(`${this.#http.options.system} refused a batch of ${count} as a whole.`, {
      said: refusal.message,
      next: "The hub looks up what SAP has posted. If this goes on, set maxBatch to 1.",
      cause: refusal,
    });
  }

  #unanswered(write: Write): UncertainError {
    return new UncertainError(`${this.#http.options.system} left out its answer to the ${write.action}.`, {
      next: "The hub looks up whether SAP has posted it.",
    });
  }

  async #get(path: string, action: string, signal: AbortSignal): Promise<unknown> {
    return this.#readable(await this.#http.request({ method: "GET", path, effect: false }, signal), action);
  }

  /** A read leaves nothing behind, so nothing about it is uncertain. */
  #readable(answer: HttpAnswer, action: string): unknown {
    try {
      return this.#success(answer, `reading of ${action}`);
    } catch (error) {
      if (!(error instanceof UncertainError)) throw error;
      const { message, said } = error;
      const next = "Nothing; it is read again later.";
      throw new UnavailableError(message, { next, ...(said !== undefined && { said }), cause: error });
    }
  }

  /** The `d` of a success. */
  #success(answer: Answered, action: string): unknown {
    const refusal = refusalOf(answer, this.#asked(action));
    if (refusal) throw refusal;
    try {
      return fieldOf(parseJson(answer.body.toString("utf8")), "d");
    } catch (cause) {
      throw new UncertainError(`${this.#http.options.system} answered the ${action} with something other than JSON.`, {
        said: answer.body.toString("utf8", 0, 200),
        next: "Check that the url leads to SAP itself and not to a sign-in page.",
        cause,
      });
    }
  }

  #asked(action: string) {
    const { lockCodes, now } = this.#options;
    return { system: this.#http.options.system, action, lockCodes, now: now() };
  }
}

export type Query = Readonly<Record<string, string | Literal | undefined>>;

/** The entities of an expanded navigation; empty when it was not expanded. */
export function navigated(entity: Entity, navigation: string): Entity[] {
  const value = entity[navigation];
  const results: unknown = isObject(value) ? value["results"] : undefined;
  const list: unknown[] = Array.isArray(results) ? results : Array.isArray(value) ? value : [];
  return list.filter((each) => isObject(each));
}

/** A field as text; undefined when it is missing, null or empty, which SAP does not tell apart. */
export function textField(entity: Entity, name: string): string | undefined {
  const value = entity[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}

function pageOf(d: unknown): Page {
  // Services of the oldest kind send a bare array.
  const results: unknown = Array.isArray(d) ? d : isObject(d) ? d["results"] : undefined;
  return { results: Array.isArray(results) ? results.filter((each) => isObject(each)) : [], next: nextOf(d) };
}

/** Where a collection goes on, as a path on this server. */
export function nextOf(collection: unknown): string | undefined {
  const next = isObject(collection) ? collection["__next"] : undefined;
  return typeof next === "string" && next !== "" ? pathOf(next) : undefined;
}

/** `__next` names the host as SAP sees itself, which need not be the one it is reached by. */
function pathOf(next: string): string {
  const at = next.indexOf("/sap/opu/odata/");
  if (at === -1) throw new Error(`SAP's next page ${next} is not below /sap/opu/odata.`);
  return next.slice(at);
}

/** A function's answer may be wrapped once more in its own name. */
function entityOf(d: unknown): Entity {
  if (!isObject(d)) return {};
  const entries = Object.entries(d);
  const only = entries.length === 1 ? entries[0]?.[1] : undefined;
  if (isObject(only) && "__metadata" in only) return only;
  const results: unknown = d["results"];
  if (Array.isArray(results) && isObject(results[0])) return results[0];
  return d;
}

function isOData(answer: HttpAnswer): boolean {
  return /^application\/(json|xml|atom)/i.test(answer.headers["content-type"] ?? "");
}

function isMultipart(part: Part): boolean {
  return /^multipart\/mixed/i.test(part.headers["content-type"] ?? "");
}

function partsOf(contentType: string | undefined, body: Buffer): Part[] {
  const boundary = boundaryOf(contentType);
  if (boundary === undefined) throw new Error(`The answer is ${contentType ?? "untyped"}, not multipart.`);
  return readMultipart(boundary, body);
}

function answeredBy(part: HttpPart): Answered {
  const status = Number(/^HTTP\/\d(?:\.\d)? (\d{3})/.exec(part.startLine)?.[1]);
  if (!Number.isInteger(status)) throw new Error(`A change set's answer begins with ${part.startLine}.`);
  return { status, headers: part.headers, body: part.body };
}
