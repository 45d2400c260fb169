import { type KeyObject, hash } from "node:crypto";
import {
  type Finding,
  type Health,
  type Item,
  type Ledger,
  LineshaftError,
  type Operation,
  type System,
  type SystemContext,
  type SystemDefinition,
  type SystemLimits,
  type Target,
} from "@lineshaft/core";
import { moveCursor } from "@lineshaft/engine";
import { type FleetRow, readFleet } from "./fleet.ts";
import { type GatewayIntakeOptions, type GatewayPeer, checkGatewayOptions } from "./hub-options.ts";
import { HubSource } from "./hub-source.ts";
import { ORDERS_PER_POLL } from "./limits.ts";
import { Outbox } from "./outbox.ts";
import {
  type Publication,
  type SignedPublication,
  publicationOf,
  publicationsName,
  publish,
  readPublications,
  rollBack,
} from "./publication.ts";

/** The hub's end of its gateways. */
export interface GatewayIntake extends SystemDefinition {
  /** A system of its own for what goes down to one gateway, so that one that is away holds up no other. */
  gateway(options: { name: string; gateway: string; limits?: SystemLimits }): GatewayTarget;
  /** Which gateways may come. */
  readonly gateways: readonly GatewayPeer[];
  /** What all workers of the hub know of its gateways. */
  fleet(ledger: Pick<Ledger, "loadCursor">, now: number): Promise<FleetRow[]>;
  /**
   * Publishes the configuration that the project declares for a gateway, or an earlier version again. Stored together with
   * its entry in the audit trail: which gateway, version and serial, and the SHA-256 of the configuration as JSON.
   * @throws LineshaftError `config-invalid`, `not-found`, `usage`; `wrong-state` also when somebody else published meanwhile
   */
  publish(ledger: Pick<Ledger, "loadCursor" | "actOnCursor">, options: PublishOptions): Promise<Publication>;
}

export interface PublishOptions {
  gateway: string;
  /** Ed25519; the gateway knows the public half. */
  key: KeyObject;
  now: number;
  /** Both go into the audit trail, and with the publication to the gateway. */
  who: string;
  why: string;
  /** Goes back to this version. */
  version?: number;
}

/** Messages to one gateway: they wait until it fetches them, and are done when they are on its disk. */
export interface GatewayTarget extends SystemDefinition {
  /** Any JSON value; the gateway hands it to its consumers as it is. */
  readonly order: Operation<unknown>;
}

/** Most orders of one gateway that are offered at once. */
const IN_FLIGHT = 4;

/**
 * Takes in what gateways send, each fact once and in order, however often the link is cut.
 *
 * ```ts
 * const plants = gatewayIntake({ name: "gateways", port: 7443,
 *   tls: { cert: "hub.pem", key: Secret.file("hub.key"), gatewayCa: "ca.pem" }, gateways: [{ name: "hamburg" }] });
 * const hamburg = plants.gateway({ name: "gateway-hamburg", gateway: "hamburg" });
 * ```
 *
 * @throws LineshaftError `config-invalid`
 */
export function gatewayIntake(options: GatewayIntakeOptions): GatewayIntake {
  checkGatewayOptions(options);
  const outboxes = new Map<string, Outbox>();
  const outboxOf = (name: string, context: SystemContext) => {
    const outbox = outboxes.get(name) ?? new Outbox(name, context);
    outboxes.set(name, outbox);
    return outbox;
  };
  const { name: intake, gateways } = options;
  return {
    gateways,
    fleet: (ledger, now) => readFleet(ledger, { intake, gateways, now }),
    publish: (ledger, publishing) => publishFor(options, ledger, publishing),
    name: intake,
    connector: "gateway",
    sources: ["gateways"],
    open: (context) => {
      for (const { name } of options.gateways) outboxOf(name, context);
      const opened = new HubSource(options, context, outboxes);
      return Promise.resolve({
        targets: {},
        sources: { gateways: opened },
        check: () => opened.check(),
        close: () => Promise.resolve(),
      });
    },
    gateway: (target) => {
      if (!options.gateways.some(({ name }) => name === target.gateway))
        throw new LineshaftError("config-invalid", `${options.name} has no gateway ${target.gateway}.`, {
          next: "Name one of `gateways`.",
        });
      return gatewayTarget(target, outboxOf);
    },
  };
}

async function publishFor(
  { name: intake, gateways }: GatewayIntakeOptions,
  ledger: Pick<Ledger, "loadCursor" | "actOnCursor">,
  { version, ...options }: PublishOptions,
): Promise<Publication> {
  const peer = gateways.find(({ name }) => name === options.gateway);
  if (peer === undefined)
    throw new LineshaftError("not-found", `${intake} has no gateway ${options.gateway}.`, {
      next: "Name one of `gateways`.",
    });
  const name = `${intake}:${publicationsName(peer.name)}`;
  const stored = await ledger.loadCursor(name);
  const publishing = { ...options, before: readPublications(stored) };
  if (version === undefined && peer.configuration === undefined)
    throw new LineshaftError("not-found", `The project declares no configuration for gateway ${peer.name}.`, {
      next: "Give it `configuration` in `gateways` of lineshaft.config.ts.",
    });
  const all =
    version === undefined && peer.configuration !== undefined
      ? publish(peer.configuration, publishing)
      : rollBack(version ?? 0, publishing);
  const publication = publicationOf(all[0] as SignedPublication);
  await moveCursor(ledger, {
    kind: version === undefined ? "publish" : "revert",
    who: options.who,
    why: options.why,
    at: options.now,
    cursor: { name, value: JSON.stringify(all), after: stored ?? "" },
    detail: entryDetail(publication),
  });
  return publication;
}

/** For the audit trail: what was published, by its digest instead of the data. */
function entryDetail({ gateway, version, serial, type, data }: Publication): object {
  return { gateway, version, serial, type, sha256: hash("sha256", JSON.stringify(data), "hex") };
}

function gatewayTarget(
  { name, gateway, limits }: { name: string; gateway: string; limits?: SystemLimits },
  outboxOf: (name: string, context: SystemContext) => Outbox,
): GatewayTarget {
  const definition: GatewayTarget = {
    name,
    connector: "gateway",
    limits: { inFlight: IN_FLIGHT, ...limits },
    order: {
      get system() {
        return definition;
      },
      name: "order",
      schema: {},
      check: (): Finding[] => [],
    },
    open: (context) => {
      const outbox = outboxOf(gateway, context);
      outbox.serve(name);
      return Promise.resolve(openTarget(gateway, outbox));
    },
  };
  return definition;
}

function openTarget(gateway: string, outbox: Outbox): System {
  const order: Target = {
    // A gateway knows the token of an order that it has.
    repeat: { kind: "repeatable" },
    maxBatch: ORDERS_PER_POLL,
    keepsOrder: true,
    send: (items: Item<unknown>[], signal: AbortSignal) => outbox.offer(items, signal),
  };
  return {
    targets: { order },
    sources: {},
    check: () => healthOf(gateway, outbox),
    close: () => Promise.resolve(),
  };
}

async function healthOf(gateway: string, outbox: Outbox): Promise<Health> {
  if (await outbox.isPresent()) return { ok: true, detail: "is linked" };
  return {
    ok: false,
    message: `Gateway ${gateway} does not ask for orders.`,
    next: "Look at the gateway's own page and at the line to it. What waits for it goes down when it is back.",
  };
}
