import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Ledger, type StoredDelivery, Secret } from "@lineshaft/core";
import { type Hub, flow, openHub } from "@lineshaft/engine";
import { openPostgresLedger } from "@lineshaft/ledger-postgres";
import { equipmentEvent } from "@lineshaft/model";
import { FakeClock, type Note, eventually, makeCertificates, note, seededRandom, settled } from "@lineshaft/testing";
import { FaultProxy } from "@lineshaft/testing/fault-proxy";
import { Gateway, type GatewayIntake, type GatewayOrder, gatewayIntake } from "../index.ts";
import { PushSource } from "./bed.ts";
import { GATEWAY } from "./notes.ts";

/** One worker of a hub, and the port on which it takes gateways. */
export interface Worker {
  hub: Hub;
  intake: GatewayIntake;
  port: number;
}

/** How far time goes on at each look. */
const STEP_MS = 10;

/** Workers of one hub on one real PostgreSQL, and a gateway that comes to one of them, whichever the line leads to. */
export class WorkersBed implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), "lineshaft-gateway-"));
  readonly clock = new FakeClock();
  readonly certificates = makeCertificates();
  readonly line: FaultProxy;
  readonly source = new PushSource();
  /** Orders that the gateway's consumer took. */
  readonly taken: (GatewayOrder & { value: Note })[] = [];
  #gateway: Gateway | undefined;
  #workers: Worker[] = [];
  readonly #url: string;
  /** Requests of workers to the database that are under way. */
  #requests = 0;

  private constructor(url: string, line: FaultProxy) {
    this.#url = url;
    this.line = line;
  }

  static async open(url: string): Promise<WorkersBed> {
    return new WorkersBed(url, await FaultProxy.open({ port: 9 }));
  }

  /** `wrap` puts something before its ledger. */
  async start(name: string, wrap = (ledger: Ledger) => ledger): Promise<Worker> {
    const { ca, cert, key } = this.certificates;
    let port = 0;
    const intake = gatewayIntake({
      name: "gateways",
      port: 0,
      host: "127.0.0.1",
      tls: { cert, key: Secret.file(key), gatewayCa: ca },
      gateways: [{ name: GATEWAY }],
      onListening: (url) => (port = Number(new URL(url).port)),
    });
    const target = intake.gateway({ name: "gateway-client", gateway: GATEWAY });
    const open = async () => {
      const ledger = await openPostgresLedger({ url: this.#url, serverClock: this.clock, listen: false });
      return wrap(this.#counted(ledger));
    };
    const hub = await openHub(
      {
        name: "hub",
        ledger: { engine: "postgres", location: "test", open },
        systems: [intake, target],
        flows: [flow("orders", note).to(target.order, { when: ({ id }) => id.startsWith("o-"), map: (it) => it })],
        contracts: [note, equipmentEvent],
      },
      { clock: this.clock, random: seededRandom(1), worker: name },
    );
    await this.#passing(hub.start());
    const worker = { hub, intake, port };
    this.#workers.push(worker);
    return worker;
  }

  /** The gateway's next connections lead to this worker; those that are open break. */
  leadTo(worker: Worker): void {
    this.line.to = { port: worker.port };
    this.line.reset();
  }

  /** Its process dies: nothing of it reaches the ledger any more, and its connections break. */
  async kill(worker: Worker): Promise<void> {
    this.#workers = this.#workers.filter((other) => other !== worker);
    await worker.hub.ledger.close();
    this.line.reset();
  }

  /** `orders`: something takes them. */
  async startGateway({ orders = false } = {}): Promise<Gateway> {
    const { ca, clientCert, clientKey } = this.certificates;
    this.#gateway = await Gateway.start(
      {
        name: GATEWAY,
        hub: `https://127.0.0.1:${this.line.port}`,
        tls: { ca, cert: clientCert, key: Secret.file(clientKey) },
        buffer: join(this.folder, "buffer.db"),
        systems: [this.source.system],
        consumers: orders ? [{ name: "running-order", take: (order) => this.#take(order) }] : [],
        limits: { lingerMs: 0, batchFacts: 10 },
      },
      { clock: this.clock, random: seededRandom(2) },
    );
    return this.#gateway;
  }

  async push(from: number, to: number): Promise<void> {
    await Promise.all(Array.from({ length: to - from + 1 }, (_, at) => this.source.push(from + at)));
  }

  /** Hands a worker orders of these keys in turn, numbered from `from` to `to`. */
  async order({ hub }: Worker, keys: readonly string[], from: number, to: number): Promise<void> {
    for (let n = from; n <= to; n++) {
      const fact: Note = { id: `o-${n}`, key: keys[n % keys.length] ?? "", n };
      const recorded = hub.intake("erp").record({ contract: "note.v1", raw: JSON.stringify(fact) });
      await this.#passing(recorded.then(() => undefined));
    }
  }

  /** As a worker that lives sees them. */
  async orders(): Promise<StoredDelivery[]> {
    const [worker] = this.#workers;
    return worker?.hub.ledger.deliveries({ system: "gateway-client", limit: 100_000 }) ?? [];
  }

  /** Waits for something real, and lets the gateway's waits between two tries pass. */
  async until(what: string, condition: () => boolean | Promise<boolean>, stepMs = STEP_MS): Promise<void> {
    const link = () => this.#gateway?.status().link;
    await eventually(
      what,
      async () => {
        const nextTryAt = link()?.nextTryAt;
        await this.#pass(nextTryAt === undefined ? stepMs : Math.max(stepMs, nextTryAt - this.clock.now()));
        return condition();
      },
      () => this.#gateway?.status(),
    );
  }

  async caughtUp(): Promise<void> {
    await this.until("all is at the hub", () => this.#gateway?.buffer.facts === 0);
  }

  /** Numbers of the notes in the order in which the hub has them, and what was told of missing facts. */
  async standing(): Promise<{ notes: number[]; gaps: string[] }> {
    await using ledger = await this.#view();
    const messages = await ledger.messages({ limit: 100_000 });
    return {
      notes: messages.filter(({ contract }) => contract === "note.v1").map(({ sourceId }) => numberOf(sourceId)),
      gaps: messages
        .filter(({ contract }) => contract !== "note.v1")
        .map(({ received }) => Buffer.from(received).toString()),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#gateway?.stop();
    for (const { hub } of this.#workers) await this.#passing(hub.stop());
    await this.line[Symbol.asyncDispose]();
    this.certificates[Symbol.dispose]();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #take(order: GatewayOrder): Promise<void> {
    this.taken.push(order as GatewayOrder & { value: Note });
    return Promise.resolve();
  }

  /** No time passes while the database is asked, however busy this machine is. */
  async #pass(ms: number): Promise<void> {
    do await settled();
    while (this.#requests > 0);
    await this.clock.advance(ms);
  }

  /** Lets time go on until the work is done. */
  async #passing(work: Promise<void>): Promise<void> {
    const ended = new AbortController();
    const ending = work.finally(() => ended.abort());
    while (!ended.signal.aborted) await this.#pass(STEP_MS);
    await ending;
  }

  #counted(ledger: Ledger): Ledger {
    return new Proxy(ledger, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== "function") return value;
        return (...given: unknown[]): unknown => {
          const result: unknown = Reflect.apply(value, target, given);
          if (!(result instanceof Promise)) return result;
          this.#requests++;
          return result.finally(() => this.#requests--);
        };
      },
    });
  }

  async #view(): Promise<Ledger & AsyncDisposable> {
    const ledger = await openPostgresLedger({ url: this.#url, serverClock: this.clock, listen: false });
    return Object.assign(ledger, { [Symbol.asyncDispose]: () => ledger.close() });
  }
}

function numberOf(sourceId: string): number {
  return Number(/n-(\d+)$/.exec(sourceId)?.[1]);
}
