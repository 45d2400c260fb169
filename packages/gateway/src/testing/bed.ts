import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Contract,
  type Fact,
  type Intake,
  type Ledger,
  type Receipt,
  Secret,
  type Source,
  type StoredMessage,
  type SystemDefinition,
} from "@lineshaft/core";
import { type AnyFlow, type Hub, openHub } from "@lineshaft/engine";
import { sqlite } from "@lineshaft/ledger-sqlite";
import { equipmentEvent } from "@lineshaft/model";
import { type Certificates, FakeClock, eventually, makeCertificates, note, seededRandom } from "@lineshaft/testing";
import { FaultProxy } from "@lineshaft/testing/fault-proxy";
import {
  Authority,
  type FleetRow,
  Gateway,
  type GatewayDefinition,
  type GatewayIntake,
  type GatewayLimits,
  type GatewayOptions,
  type GatewayPeer,
  gatewayIntake,
} from "../index.ts";
import { GATEWAY, noteText } from "./notes.ts";

/** A source that hands over what a test gives it. */
export class PushSource implements Source {
  readonly #intake = Promise.withResolvers<Intake>();

  readonly system: SystemDefinition = {
    name: "line",
    connector: "push",
    open: () =>
      Promise.resolve({
        targets: {},
        sources: { push: this },
        check: () => Promise.resolve({ ok: true }),
        close: () => Promise.resolve(),
      }),
  };

  async run(intake: Intake, signal: AbortSignal): Promise<void> {
    this.#intake.resolve(intake);
    intake.listening();
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve));
  }

  async place(name: string): Promise<string | undefined> {
    return (await this.#intake.promise).loadCursor(name);
  }

  async push(n: number, more: Partial<Fact> = {}): Promise<Receipt> {
    return (await this.#intake.promise).record({ contract: "note.v1", raw: noteText(n), ...more });
  }
}

export interface BedOptions {
  limits?: Partial<GatewayLimits>;
  gateways?: readonly GatewayPeer[];
  flows?: (intake: ReturnType<typeof gatewayIntake>) => {
    systems: readonly SystemDefinition[];
    flows: readonly AnyFlow[];
  };
  contracts?: readonly Contract[];
}

/** A hub and a gateway of it, with a line between them that can fail. Real TLS, real files, a clock that is advanced. */
export class LinkBed implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), "lineshaft-gateway-"));
  readonly clock = new FakeClock();
  readonly certificates: Certificates = makeCertificates();
  readonly line: FaultProxy;
  source = new PushSource();
  hub: Hub | undefined;
  intake: GatewayIntake | undefined;
  gateway: Gateway | undefined;
  readonly #o: BedOptions;

  private constructor(line: FaultProxy, options: BedOptions) {
    this.line = line;
    this.#o = options;
  }

  static async open(options: BedOptions = {}): Promise<LinkBed> {
    const bed = new LinkBed(await FaultProxy.open({ port: 9 }), options);
    await bed.startHub();
    return bed;
  }

  get ledgerPath(): string {
    return join(this.folder, "ledger.db");
  }

  get bufferPath(): string {
    return join(this.folder, "gateway", "buffer.db");
  }

  /** Where the key is that configurations are signed with. */
  get authority(): Authority {
    return new Authority(join(this.folder, "authority"), this.clock);
  }

  /** Of the hub's gateways, as the ledger has it. */
  async fleet(): Promise<FleetRow> {
    const [row] = (await this.intake?.fleet(this.ledger, this.clock.now())) ?? [];
    if (row === undefined) throw new Error("the hub has no gateway");
    return row;
  }

  get ledger(): Ledger {
    if (this.hub === undefined) throw new Error("no hub runs");
    return this.hub.ledger;
  }

  async startHub(clock = this.clock): Promise<void> {
    const { ca, cert, key } = this.certificates;
    const intake = gatewayIntake({
      name: "gateways",
      port: 0,
      host: "127.0.0.1",
      tls: { cert, key: Secret.file(key), gatewayCa: ca },
      gateways: this.#o.gateways ?? [{ name: GATEWAY }],
      onListening: (url) => (this.line.to = { port: Number(new URL(url).port) }),
    });
    this.intake = intake;
    const { systems = [], flows = [] } = this.#o.flows?.(intake) ?? {};
    this.hub = await openHub(
      {
        name: "hub",
        ledger: sqlite({ path: this.ledgerPath }),
        systems: [intake, ...systems],
        flows,
        contracts: [note, equipmentEvent, ...(this.#o.contracts ?? [])],
      },
      { clock, random: seededRandom(1) },
    );
    await this.hub.start();
  }

  async stopHub(): Promise<void> {
    const stopped = this.hub?.stop();
    this.line.reset();
    await stopped;
    this.hub = undefined;
  }

  definition(over: Partial<GatewayDefinition> = {}): GatewayDefinition {
    const { ca, clientCert, clientKey } = this.certificates;
    return {
      name: GATEWAY,
      hub: `https://127.0.0.1:${this.line.port}`,
      tls: { ca, cert: clientCert, key: Secret.file(clientKey) },
      buffer: this.bufferPath,
      systems: [this.source.system],
      telemetry: ["note.v1"],
      limits: { lingerMs: 0, ...this.#o.limits },
      ...over,
    };
  }

  async startGateway(over: Partial<GatewayDefinition> = {}, options: GatewayOptions = {}): Promise<Gateway> {
    this.source = new PushSource();
    const random = seededRandom(2);
    this.gateway = await Gateway.start(this.definition(over), { clock: this.clock, random, ...options });
    return this.gateway;
  }

  async stopGateway(): Promise<void> {
    await this.gateway?.stop();
    this.gateway = undefined;
  }

  async push(from: number, to: number): Promise<void> {
    const all = [];
    for (let n = from; n <= to; n++) all.push(this.source.push(n));
    await Promise.all(all);
  }

  /** Waits for something real, and lets the gateway's waits between two tries pass. */
  until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
    return this.untilWrong(what, 0, condition);
  }

  /** The same for a gateway whose clock is ahead by `wrongMs`. */
  async untilWrong(what: string, wrongMs: number, condition: () => boolean | Promise<boolean>): Promise<void> {
    await eventually(
      what,
      async () => {
        const nextTryAt = this.gateway?.status().link.nextTryAt;
        if (nextTryAt !== undefined) await this.clock.advance(Math.max(0, nextTryAt - wrongMs - this.clock.now()));
        return condition();
      },
      () => this.gateway?.status(),
    );
  }

  async caughtUp(): Promise<void> {
    await this.until("all is at the hub", () => this.gateway?.buffer.facts === 0);
  }

  messages(): Promise<StoredMessage[]> {
    return this.ledger.messages({ limit: 100_000 });
  }

  /** Numbers of the notes at the hub, in their order there. */
  async notes(): Promise<number[]> {
    const messages = await this.messages();
    return messages.flatMap((m) => (m.contract === "note.v1" ? [Number(/n-(\d+)$/.exec(m.sourceId)?.[1])] : []));
  }

  /** What was told of missing facts. */
  async gaps(): Promise<string[]> {
    const messages = await this.messages();
    return messages.flatMap((m) =>
      m.contract === "equipment-event.v1"
        ? [(JSON.parse(Buffer.from(m.received).toString()) as { description: string }).description]
        : [],
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopGateway();
    await this.stopHub();
    await this.line[Symbol.asyncDispose]();
    this.certificates[Symbol.dispose]();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export function upTo(n: number): number[] {
  return Array.from({ length: n }, (_, at) => at + 1);
}
