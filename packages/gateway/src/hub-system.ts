import {
  type Finding,
  type Health,
  type Item,
  LineshaftError,
  type Operation,
  type System,
  type SystemContext,
  type SystemDefinition,
  type SystemLimits,
  type Target,
} from "@lineshaft/core";
import { type GatewayIntakeOptions, checkGatewayOptions } from "./hub-options.ts";
import { type GatewayStatus, HubSource } from "./hub-source.ts";
import { ORDERS_PER_POLL } from "./limits.ts";
import { Outbox } from "./outbox.ts";

/** The hub's end of its gateways. */
export interface GatewayIntake extends SystemDefinition {
  /** A system of its own for what goes down to one gateway, so that one that is away holds up no other. */
  gateway(options: { name: string; gateway: string; limits?: SystemLimits }): GatewayTarget;
  /** What this process knows of its gateways. */
  status(): GatewayStatus[];
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
  const outboxOf = (name: string, { clock }: SystemContext) => {
    const outbox = outboxes.get(name) ?? new Outbox(name, clock);
    outboxes.set(name, outbox);
    return outbox;
  };
  let source: HubSource | undefined;
  return {
    name: options.name,
    connector: "gateway",
    sources: ["gateways"],
    open: (context) => {
      for (const { name } of options.gateways) outboxOf(name, context);
      const opened = new HubSource(options, context, outboxes);
      source = opened;
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
    status: () => [...(source?.status.values() ?? [])],
  };
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
    open: (context) => Promise.resolve(openTarget(gateway, outboxOf(gateway, context))),
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
    check: () => Promise.resolve(healthOf(gateway, outbox)),
    close: () => Promise.resolve(),
  };
}

function healthOf(gateway: string, outbox: Outbox): Health {
  if (outbox.present) return { ok: true, detail: "is linked" };
  return {
    ok: false,
    message: `Gateway ${gateway} does not ask for orders.`,
    next: "Look at the gateway's own page and at the line to it. What waits for it goes down when it is back.",
  };
}
