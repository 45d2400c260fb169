import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { type Server, createServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import {
  type Health,
  type Intake,
  LineshaftError,
  type Source,
  type SystemContext,
  UnavailableError,
  explain,
} from "@lineshaft/core";
import { type KeyObject, createPublicKey, verify } from "node:crypto";
import { Authority, enrolmentText } from "./authority.ts";
import { BatchReceiver } from "./batch-receiver.ts";
import { FleetLog } from "./fleet.ts";
import type { GatewayIntakeOptions } from "./hub-options.ts";
import { BATCH_BODY_BYTES, ENROL_BODY_BYTES, GATEWAY_LIMITS } from "./limits.ts";
import { readPem } from "./link.ts";
import type { OrdersAnswer, Outbox } from "./outbox.ts";
import { type Peer, peerOf } from "./peer.ts";
import type { SignedPublication } from "./publication.ts";
import { Publications } from "./publications.ts";
import { REPORT_HEADER, readReport } from "./report.ts";
import {
  type Answer,
  BATCH_PATH,
  type Batch,
  CONFIGURATION_PATH,
  ENROL_PATH,
  type Enrolled,
  ORDERS_PATH,
  PLACE_PATH,
  RENEW_PATH,
  SIGNATURE_HEADER,
  batchIsSigned,
  unpackBatch,
} from "./wire.ts";

/** All headers of a request together, in bytes. */
const HEADER_BYTES = 16_384;
/** A request must have arrived in full within this, in ms. */
const REQUEST_MS = 60_000;
/** How long a stop waits for requests under way, in ms; a batch without an answer comes again. */
const DRAIN_MS = 5_000;
/** Most connections at once. */
const CONNECTIONS = 1_024;
/** A handshake must be done within this, in ms: until then nobody knows who it is. */
const HANDSHAKE_MS = 10_000;

type KnownPeer = Peer & { ok: true };

type Refused = Answer & { kind: "refused" };
type AnyAnswer = Answer | OrdersAnswer | Enrolled | ({ kind: "configuration" } & SignedPublication);

/** What one run of the source works with. */
interface Desk {
  receivers: ReadonlyMap<string, BatchReceiver>;
  fleet: FleetLog;
  publications: Publications;
}

/** A port for gateways: takes their facts in, and hands out orders that wait for them. */
export class HubSource implements Source {
  /** A gateway may come to any worker: its place is read and moved in the ledger, whoever takes its facts. */
  readonly everywhere = true;
  readonly #heardOf = new Set<string>();
  readonly #o: GatewayIntakeOptions;
  readonly #context: SystemContext;
  readonly #outboxes: ReadonlyMap<string, Outbox>;
  readonly #authority: Authority | undefined;
  #url: string | undefined;

  constructor(options: GatewayIntakeOptions, context: SystemContext, outboxes: ReadonlyMap<string, Outbox>) {
    this.#o = options;
    this.#context = context;
    this.#outboxes = outboxes;
    if (options.authority !== undefined) this.#authority = new Authority(options.authority, context.clock);
  }

  async run(intake: Intake, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const { clock, log } = this.#context;
    const receivers = new Map(
      this.#o.gateways.map(({ name }) => [name, new BatchReceiver({ gateway: name, intake, clock, log })]),
    );
    const fleet = new FleetLog({ intake, clock, log });
    const desk = { receivers, fleet, publications: new Publications(intake, clock) };
    const server = this.#server((request, response) => void this.#serve(request, response, desk, signal));
    // Those in a handshake are no connections of HTTP yet, and a stop would wait for them.
    const sockets = new Set<Socket>();
    server.on("connection", (socket: Socket) => {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
    });
    try {
      await this.#listen(server);
      for (const outbox of this.#outboxes.values()) outbox.open(intake);
      intake.listening();
      if (!signal.aborted) await once(signal, "abort");
    } finally {
      this.#url = undefined;
      for (const outbox of this.#outboxes.values()) outbox.shut();
      const closed = once(server, "close");
      server.close();
      server.closeIdleConnections();
      const late = clock.after(DRAIN_MS, () => {
        for (const socket of sockets) socket.destroy();
      });
      await closed;
      late.cancel();
      await fleet.close();
    }
  }

  check(): Promise<Health> {
    if (this.#url === undefined) return Promise.resolve({ ok: true, detail: "does not listen in this process" });
    const [heard, all] = [this.#heardOf.size, this.#o.gateways.length];
    return Promise.resolve({ ok: true, detail: `listens on ${this.#url}, heard of ${heard} of ${all} gateways` });
  }

  #server(serve: (request: IncomingMessage, response: ServerResponse) => void): Server {
    const { tls = this.#authority?.tls } = this.#o;
    if (tls === undefined) throw new Error("checked options have certificates");
    const { cert, key, gatewayCa } = tls;
    const server = createServer(
      {
        cert: readPem(cert),
        key: key.read(),
        ca: readPem(gatewayCa),
        minVersion: "TLSv1.2",
        requestCert: true,
        // Whoever is refused is told why, which an alert of TLS does not.
        rejectUnauthorized: false,
        maxHeaderSize: HEADER_BYTES,
        requestTimeout: REQUEST_MS,
        handshakeTimeout: HANDSHAKE_MS,
      },
      serve,
    );
    server.maxConnections = CONNECTIONS;
    // A handshake that fails is the other side's business.
    server.on("tlsClientError", (error, socket) => {
      this.#context.log.debug("a connection of a gateway failed", { from: socket.remoteAddress, why: error.message });
    });
    return server;
  }

  async #serve(request: IncomingMessage, response: ServerResponse, desk: Desk, signal: AbortSignal): Promise<void> {
    const gone = new AbortController();
    response.on("close", () => gone.abort());
    try {
      const answer = await this.#answer(request, desk, AbortSignal.any([gone.signal, signal]));
      if (signal.aborted) response.setHeader("connection", "close");
      send(response, answer);
    } catch (error) {
      if (gone.signal.aborted) return;
      this.#context.log.error("a gateway's request failed", { why: explain(error) });
      const message = "The hub failed to answer.";
      send(response, { kind: "later", message, retryAfterMs: 5_000, now: this.#context.clock.now() });
    }
  }

  async #answer(request: IncomingMessage, desk: Desk, signal: AbortSignal): Promise<object> {
    const { clock } = this.#context;
    if (request.url === ENROL_PATH) return this.#enrol(request);
    const peer = peerOf(request, this.#o.gateways, clock.now());
    if (!peer.ok) {
      request.resume();
      if (peer.name !== undefined) desk.fleet.refused(peer.name, peer);
      return this.#refused(peer);
    }
    this.#heardOf.add(peer.name);
    desk.fleet.heard(peer.name, { certificateTo: peer.validTo, report: readReport(request.headers[REPORT_HEADER]) });
    const answer = await this.#answerKnown(request, peer, desk, signal);
    if (answer.kind === "refused") desk.fleet.refused(peer.name, answer);
    if (answer.kind !== "accepted" && answer.kind !== "need") return answer;
    const configuration = await desk.publications.wanted(peer.name);
    return configuration === undefined ? answer : { ...answer, configuration };
  }

  async #answerKnown(request: IncomingMessage, peer: KnownPeer, desk: Desk, signal: AbortSignal): Promise<AnyAnswer> {
    const url = new URL(request.url ?? "/", "https://hub");
    const receiver = desk.receivers.get(peer.name);
    if (receiver === undefined) throw new Error("a known gateway has a receiver");
    const asked = `${request.method} ${url.pathname}`;
    if (asked === `POST ${BATCH_PATH}`) return this.#takeBatch(request, peer, receiver, desk.fleet);
    request.resume();
    switch (asked) {
      case `GET ${PLACE_PATH}`:
        return receiver.place(url.searchParams.get("epoch") ?? "");
      case `GET ${ORDERS_PATH}`:
        return this.#orders(url, peer.name, signal);
      case `POST ${RENEW_PATH}`:
        return this.#renew(peer);
      case `GET ${CONFIGURATION_PATH}`:
        return this.#configuration(peer.name, desk.publications);
      default:
        return this.#refused({
          reason: "unknown-request",
          message: `The hub does not know ${asked}.`,
          next: "Run gateway and hub of versions that go together.",
        });
    }
  }

  async #configuration(gateway: string, publications: Publications): Promise<AnyAnswer> {
    const newest = await publications.newest(gateway);
    if (newest !== undefined) return { kind: "configuration", ...newest };
    const [message, next] = [`Nothing was published for ${gateway}.`, "Run lineshaft gateway publish at the hub."];
    return this.#refused({ reason: "no-configuration", message, next });
  }

  async #takeBatch(
    request: IncomingMessage,
    peer: KnownPeer,
    receiver: BatchReceiver,
    fleet: FleetLog,
  ): Promise<Answer> {
    const body = await readBody(request, BATCH_BODY_BYTES);
    if (body === undefined)
      return this.#refused({
        reason: "too-large",
        message: `A batch has more than ${BATCH_BODY_BYTES} bytes.`,
        next: "Lower the gateway's batch limits.",
      });
    if (!batchIsSigned(peer.key, peer.name, body, String(request.headers[SIGNATURE_HEADER] ?? "")))
      return this.#refused({
        reason: "bad-signature",
        message: `A batch of ${peer.name} is not signed with the key of its certificate.`,
        next: "Look for a proxy that changes what passes through it.",
      });
    const batch = readBatch(body, request.headers["content-encoding"] === "gzip");
    if (typeof batch === "string" || batch.head.gateway !== peer.name)
      return this.#refused({
        reason: "unreadable",
        message:
          typeof batch === "string"
            ? `A batch of ${peer.name} cannot be read. ${batch}`
            : `${peer.name} sent a batch of ${batch.head.gateway}.`,
        next: "Run gateway and hub of versions that go together.",
      });
    const answer = await receiver.take(batch);
    const { epoch, facts } = batch.head;
    if (answer.kind === "accepted") fleet.took(peer.name, { epoch, through: answer.through, facts });
    return answer;
  }

  async #orders(url: URL, name: string, signal: AbortSignal): Promise<OrdersAnswer> {
    const outbox = this.#outboxes.get(name);
    if (outbox === undefined) throw new Error("a known gateway has an outbox");
    const number = (parameter: string) => Number(url.searchParams.get(parameter) ?? 0) || 0;
    const waitMs = Math.min(number("wait"), GATEWAY_LIMITS.pollMs);
    return outbox.take({ run: url.searchParams.get("run") ?? "", after: number("after"), waitMs }, signal);
  }

  /** Open to whoever has a code. A code is used up before anything else is looked at, so that it cannot be tried twice. */
  async #enrol(request: IncomingMessage): Promise<object> {
    const body = await readBody(request, ENROL_BODY_BYTES);
    if (this.#authority === undefined) return this.#refused(noAuthority);
    try {
      const { secret, publicKey, proof } = JSON.parse(body?.toString("utf8") ?? "") as Record<string, string>;
      const gateway = this.#authority.redeem(secret ?? "");
      const key = createPublicKey(publicKey ?? "");
      if (!verify("sha256", enrolmentText(secret ?? ""), key, Buffer.from(proof ?? "", "base64")))
        throw new LineshaftError("not-signed-in", "The gateway does not have the key it asks a certificate for.", {
          next: "Make a new code and enrol again.",
        });
      this.#context.log.info("a gateway was enrolled", { gateway });
      return this.#enrolled(this.#authority, gateway, key);
    } catch (error) {
      const known = error instanceof LineshaftError;
      const message = known ? error.message : "The request cannot be read.";
      return this.#refused({ reason: "not-enrolled", message, next: known ? error.next : "Enrol again." });
    }
  }

  #renew(peer: KnownPeer): AnyAnswer {
    if (this.#authority === undefined) return this.#refused(noAuthority);
    this.#context.log.info("a gateway's certificate was renewed", { gateway: peer.name });
    return this.#enrolled(this.#authority, peer.name, peer.key);
  }

  #enrolled(authority: Authority, gateway: string, key: KeyObject): Enrolled {
    const { certificate: ca, configurationKey } = authority;
    return { kind: "enrolled", certificate: authority.issue(gateway, key), ca, configurationKey };
  }

  #refused({ reason, message, next }: { reason: string; message: string; next: string }): Refused {
    this.#context.log.warn("a gateway was refused", { reason, message });
    return { kind: "refused", reason, message, next, now: this.#context.clock.now() };
  }

  async #listen(server: Server): Promise<void> {
    const { host = "0.0.0.0", port, name } = this.#o;
    try {
      server.listen(port, host);
      await once(server, "listening");
    } catch (cause) {
      const said = cause instanceof Error ? cause.message : String(cause);
      throw new UnavailableError(`Gateway intake ${name} cannot listen on ${host}:${port}.`, {
        said,
        next: said.includes("EADDRINUSE")
          ? "Stop the program that has the port, or take another."
          : "Correct host and port.",
        cause,
      });
    }
    this.#url = `https://${host}:${(server.address() as AddressInfo).port}`;
    this.#context.log.info(`Takes gateways on ${this.#url}.`);
    this.#o.onListening?.(this.#url);
  }
}

const noAuthority = {
  reason: "no-authority",
  message: "This hub makes no certificates.",
  next: "Give the gateway intake an `authority`, or make certificates with your own.",
};

/** Statuses for whoever looks at traffic; gateways go by the answer itself. */
const STATUS = {
  accepted: 200,
  orders: 200,
  enrolled: 200,
  configuration: 200,
  need: 409,
  refused: 403,
  later: 503,
} as const;

function send(response: ServerResponse, answer: object): void {
  const kind = "kind" in answer ? (answer.kind as keyof typeof STATUS) : "accepted";
  const text = JSON.stringify(answer);
  response.writeHead(STATUS[kind], {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
    "cache-control": "no-store",
  });
  response.end(text);
}

/** Undefined when it is too long. */
async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += (chunk as Uint8Array).byteLength;
    if (bytes <= maxBytes) chunks.push(chunk as Uint8Array);
  }
  return bytes > maxBytes ? undefined : Buffer.concat(chunks);
}

/** The batch, or what is wrong with it. */
function readBatch(body: Uint8Array, gzip: boolean): Batch | string {
  try {
    return unpackBatch(body, { gzip, maxBytes: BATCH_BODY_BYTES });
  } catch (error) {
    if (error instanceof LineshaftError) throw error;
    return error instanceof Error ? error.message : String(error);
  }
}
