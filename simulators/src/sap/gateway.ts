import type { IncomingHttpHeaders } from "node:http";
import type { Faults } from "./faults.ts";
import { MAX_REQUEST_IDS } from "./limits.ts";
import { metadataOf } from "./metadata.ts";
import { boundaryIn, parsePart, parseParts } from "./multipart.ts";
import type { Plant } from "./plant.ts";
import { etagOf, readCollection, readEntity } from "./reading.ts";
import type { ReadOptions } from "./reading.ts";
import { SapRefusal, errorBody, malformed } from "./refusal.ts";
import { entitySets, services } from "./schema.ts";
import { SESSION_COOKIE, Sessions, sessionCookie } from "./sessions.ts";
import { write } from "./writing.ts";
import type { WriteOptions } from "./writing.ts";

export type RepeatabilityMode = "off" | "on" | "unconfigured";

export interface GatewayOptions {
  plant: Plant;
  faults: Faults;
  seed: number;
  username: string;
  password: string;
  repeatability: RepeatabilityMode;
  pageRows: number;
  answerItems: boolean;
}

export interface GatewayRequest {
  method: string;
  /** With its query. */
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
  host: string;
}

export interface GatewayAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
  /** Answer only after so long. */
  delayMs?: number;
  /** How many writes it took, applied or refused. */
  writes?: number;
  /** Cut the connection instead of answering. */
  cut?: boolean;
}

const ROOT = "/sap/opu/odata/sap/";

/** SAP Gateway as far as the hub needs it: signing in, CSRF, batches, errors, and the three services behind. */
export class Gateway {
  readonly #options: GatewayOptions;
  readonly #sessions: Sessions;
  /** By RequestID: the creation time that came with it, and the answer given. */
  readonly #answered = new Map<string, { createdAt: string; answer: GatewayAnswer }>();
  readonly #tables: ReadOptions["tables"];
  /** How many requests came, by method and service: `POST API_MATERIAL_DOCUMENT_SRV`. */
  readonly requests = new Map<string, number>();
  #transactions = 0;
  #writes = 0;

  constructor(options: GatewayOptions) {
    this.#options = { ...options };
    this.#sessions = new Sessions(randomFrom(options.seed));
    this.#tables = new Map(options.plant.tables().map((table) => [table.set.set, table]));
  }

  configure(change: Partial<Pick<GatewayOptions, "repeatability" | "pageRows" | "answerItems" | "password">>): void {
    Object.assign(this.#options, change);
  }

  answer(request: GatewayRequest): GatewayAnswer {
    const [service, rest] = splitOnce(request.path.slice(ROOT.length), "/");
    const name = service.split("?")[0] ?? "";
    const isWrite = request.method !== "GET" && request.method !== "HEAD";
    const { faults } = this.#options;
    this.#count(`${request.method} ${name}`);
    const delayMs = faults.take("slow", name, isWrite);
    const writesBefore = this.#writes;
    const answer = { ...this.#guarded(request, name, rest, isWrite), writes: this.#writes - writesBefore };
    return delayMs === undefined ? answer : { ...answer, delayMs };
  }

  /** What comes before and around the service itself. */
  #guarded(request: GatewayRequest, service: string, rest: string, isWrite: boolean): GatewayAnswer {
    const { faults } = this.#options;
    if (faults.take("outage", service, isWrite) !== undefined) return page(503, "Service Unavailable");
    const wait = faults.take("rateLimit", service, isWrite);
    if (wait !== undefined) return page(429, "Too Many Requests", { "retry-after": String(Math.ceil(wait / 1000)) });
    if (!this.#signedIn(request))
      return page(401, "Logon failed", { "www-authenticate": 'Basic realm="SAP NetWeaver"' });
    if (!request.path.startsWith(ROOT) || !services.includes(service)) {
      return this.#refusal(
        new SapRefusal(403, "/IWFND/MED/170", `No service found for namespace '', name '${service}', version '0001'`),
      );
    }
    if (faults.take("csrfExpired", service, isWrite) !== undefined) this.#sessions.clear();
    const cookie = sessionCookie(request.headers.cookie);
    if (isWrite && !this.#sessions.holds(cookie, header(request, "x-csrf-token"))) {
      return page(403, "CSRF token validation failed", { "x-csrf-token": "Required" });
    }
    if (isWrite) return this.#faultyWrite(request, service, rest);
    const answer = this.#read(request, service, rest);
    if (header(request, "x-csrf-token")?.toLowerCase() !== "fetch") return answer;
    const session = this.#sessions.open(cookie);
    const headers: Record<string, string> = { ...answer.headers, "x-csrf-token": session.token };
    if (session.isNew) headers["set-cookie"] = `${SESSION_COOKIE}=${session.id}; path=/; HttpOnly`;
    return { ...answer, headers };
  }

  #faultyWrite(request: GatewayRequest, service: string, rest: string): GatewayAnswer {
    const { faults } = this.#options;
    const hit = (kind: "dropRequest" | "error500" | "dropAnswer" | "error500Applied") =>
      faults.take(kind, service, true) !== undefined;
    if (hit("dropRequest")) return { ...page(500, ""), cut: true };
    if (hit("error500")) return page(500, "Internal Server Error");
    const answer = rest.startsWith("$batch") ? this.#batch(request, service) : this.#writeOne(request, service, rest);
    if (hit("dropAnswer")) return { ...answer, cut: true };
    if (hit("error500Applied")) return page(500, "Internal Server Error");
    return answer;
  }

  #read(request: GatewayRequest, service: string, rest: string): GatewayAnswer {
    const [path, search] = splitOnce(rest, "?");
    const query = new URLSearchParams(search);
    try {
      if (path === "")
        return json(200, {
          d: { EntitySets: entitySets.filter((set) => set.service === service).map(({ set }) => set) },
        });
      if (path === "$metadata") {
        return { status: 200, headers: { "content-type": "application/xml" }, body: metadataOf(service) };
      }
      const match = /^([A-Za-z_0-9]+)(?:\((.*)\))?(?:\/([A-Za-z_0-9]+))?$/.exec(decodeURIComponent(path));
      const set = entitySets.find((each) => each.service === service && each.set === match?.[1]);
      if (!match || !set) throw new SapRefusal(404, "/IWBEP/CM_MGW_RT/020", `Resource not found for segment '${path}'`);
      const options = this.#readOptions(request, service);
      if (match[2] === undefined) return json(200, { d: readCollection(set, query, options) });
      const entity = readEntity(set, match[2], match[3] ?? "", query, options);
      const etag = tagOf(entity);
      return json(200, { d: entity }, etag === undefined ? {} : { etag });
    } catch (error) {
      return this.#failure(error);
    }
  }

  /** One write, by itself or out of a batch. */
  #writeOne(request: GatewayRequest, service: string, path: string): GatewayAnswer {
    this.#writes++;
    const requestId = header(request, "requestid");
    const createdAt = header(request, "repeatabilitycreation");
    const { repeatability, faults } = this.#options;
    if (faults.take("lock", service, true) !== undefined) {
      return this.#refusal(new SapRefusal(400, "MC/601", "Object requested is currently locked by user MUELLER"));
    }
    if (requestId === undefined || createdAt === undefined || repeatability === "off") {
      return this.#apply(request, service, path);
    }
    if (repeatability === "unconfigured") {
      const text = "NetWeaver 'Idempotent Service Framework' error: Check configuration";
      return this.#refusal(new SapRefusal(400, "/IWBEP/CM_COS/001", text));
    }
    if (!/^[0-9A-F]{32}$/i.test(requestId))
      return this.#refusal(malformed("RequestID must be a GUID of 32 characters."));
    const known = this.#answered.get(requestId);
    if (known) {
      if (known.createdAt !== createdAt) {
        const text = "NetWeaver 'Idempotent Service Framework': RequestID is outdated";
        return this.#refusal(new SapRefusal(400, "/IWBEP/CM_COS/005", text));
      }
      return known.answer;
    }
    const applied = this.#apply(request, service, path);
    const answer = { ...applied, headers: { ...applied.headers, repeatabilityresult: "accepted" } };
    const [oldest] = this.#answered.keys();
    if (oldest !== undefined && this.#answered.size >= MAX_REQUEST_IDS) this.#answered.delete(oldest);
    this.#answered.set(requestId, { createdAt, answer });
    return answer;
  }

  #apply(request: GatewayRequest, service: string, path: string): GatewayAnswer {
    try {
      this.#checkIfMatch(request);
      const options: WriteOptions = {
        ...this.#readOptions(request, service),
        plant: this.#options.plant,
        answerItems: this.#options.answerItems,
      };
      const { status, headers, body } = write(service, path, parseJson(request.body), options);
      return json(status, { d: body }, headers);
    } catch (error) {
      return this.#failure(error);
    }
  }

  /** Documents can't be changed, only orders have a tag; a tag that matches nothing is refused. */
  #checkIfMatch(request: GatewayRequest): void {
    const wanted = header(request, "if-match");
    if (wanted === undefined || wanted === "*") return;
    const { orders } = this.#options.plant;
    if (!orders.all().some((row) => etagOf(orders.set, row) === wanted)) {
      throw new SapRefusal(412, "/IWFND/CM_MGW/007", "Precondition failed");
    }
  }

  /** Change sets are worked off one after the other; each stands or falls alone and holds one operation. */
  #batch(request: GatewayRequest, service: string): GatewayAnswer {
    const boundary = boundaryIn(request.headers["content-type"]);
    const parts = boundary === undefined ? undefined : parseParts(request.body, boundary);
    if (!parts) return this.#refusal(malformed("Malformed multipart body"));
    const answers = parts.map((part, index) => {
      const type = part.headers.get("content-type") ?? "";
      if (!type.startsWith("multipart/mixed")) return this.#batchRead(request, service, part.body);
      const inner = parseParts(part.body, boundaryIn(type) ?? "");
      return this.#changeSet(request, service, inner ?? [], `ejjeeffe${index}`);
    });
    const reply = `ejjeeffe_${++this.#transactions}`;
    const body = `${answers.map((answer) => `--${reply}\r\n${answer}\r\n`).join("")}--${reply}--\r\n`;
    return {
      status: 202,
      headers: { "content-type": `multipart/mixed; boundary=${reply}`, dataserviceversion: "2.0" },
      body,
    };
  }

  #changeSet(
    request: GatewayRequest,
    service: string,
    parts: { headers: Map<string, string>; body: string }[],
    boundary: string,
  ): string {
    const [only] = parts;
    if (!only || parts.length > 1) {
      const text = "Default changeset implementation allows only one operation";
      return httpPart(this.#refusal(new SapRefusal(501, "/IWBEP/CM_MGW_RT/000", text)));
    }
    const answer = this.#embedded(request, service, only.body);
    // A failed change set is answered by its error alone, without a multipart of its own.
    if (answer.status >= 400) return httpPart(answer);
    const contentId = only.headers.get("content-id");
    return `Content-Type: multipart/mixed; boundary=${boundary}\r\n\r\n--${boundary}\r\n${httpPart(answer, contentId)}\r\n--${boundary}--\r\n`;
  }

  #batchRead(request: GatewayRequest, service: string, content: string): string {
    return httpPart(this.#embedded(request, service, content));
  }

  #embedded(request: GatewayRequest, service: string, content: string): GatewayAnswer {
    const [startLine, rest] = splitOnce(content, "\r\n");
    const [method = "", path = ""] = startLine.split(" ");
    const { headers, body } = parsePart(rest);
    const length = Number(headers.get("content-length"));
    const exact = Number.isInteger(length) ? Buffer.from(body).subarray(0, length).toString("utf8") : body;
    const embedded = { ...request, method, path, headers: Object.fromEntries(headers), body: exact };
    return method === "GET" ? this.#read(embedded, service, path) : this.#writeOne(embedded, service, path);
  }

  #readOptions({ host }: GatewayRequest, service: string): ReadOptions {
    const { plant, faults, pageRows } = this.#options;
    const stale = faults.take("stale", service, false) ?? 0;
    return { tables: this.#tables, at: plant.clock.now() - stale, root: `http://${host}${ROOT}${service}`, pageRows };
  }

  #signedIn(request: GatewayRequest): boolean {
    const { username, password } = this.#options;
    return request.headers.authorization === undefined
      ? false
      : request.headers.authorization === `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
  }

  #failure(error: unknown): GatewayAnswer {
    if (error instanceof SapRefusal) return this.#refusal(error);
    return this.#refusal(
      new SapRefusal(500, "/IWBEP/CX_MGW_BUSI_EXCEPTION", error instanceof Error ? error.message : String(error)),
    );
  }

  #refusal(refusal: SapRefusal): GatewayAnswer {
    const transaction = `SIM${String(++this.#transactions).padStart(29, "0")}`;
    return json(refusal.status, errorBody(refusal, transaction));
  }

  #count(key: string): void {
    this.requests.set(key, (this.requests.get(key) ?? 0) + 1);
  }
}

function tagOf(entity: object): string | undefined {
  const metadata = new Map<string, unknown>(Object.entries(entity)).get("__metadata");
  if (typeof metadata !== "object" || metadata === null || !("etag" in metadata)) return undefined;
  return typeof metadata.etag === "string" ? metadata.etag : undefined;
}

function httpPart({ status, headers, body }: GatewayAnswer, contentId?: string): string {
  const inner = { ...headers, "content-length": String(Buffer.byteLength(body)) };
  const lines = Object.entries(inner).map(([name, value]) => `${name}: ${value}\r\n`);
  const id = contentId === undefined ? "" : `Content-ID: ${contentId}\r\n`;
  return `Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n${id}\r\nHTTP/1.1 ${status} ${status < 400 ? "OK" : "Error"}\r\n${lines.join("")}\r\n${body}`;
}

function json(status: number, body: object, headers: Record<string, string> = {}): GatewayAnswer {
  return {
    status,
    headers: { "content-type": "application/json", dataserviceversion: "2.0", ...headers },
    body: JSON.stringify(body),
  };
}

/** A page for people, as SAP's internet server sends it. */
function page(status: number, title: string, headers: Record<string, string> = {}): GatewayAnswer {
  const body = `<html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>`;
  return { status, headers: { "content-type": "text/html", ...headers }, body };
}

function parseJson(body: string): unknown {
  if (body === "") return {};
  try {
    return JSON.parse(body);
  } catch {
    throw malformed("Malformed JSON");
  }
}

function header({ headers }: GatewayRequest, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, ""] : [text.slice(0, at), text.slice(at + separator.length)];
}

/** Repeatable randomness (xorshift32), in [0, 1). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 4294967296;
  };
}
