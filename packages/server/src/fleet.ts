import type { Clock } from "@lineshaft/core";
import type { FastifyInstance } from "fastify";

/** One gateway of the hub, as screens and metrics show it. Times are ms since 1970. What it never told is missing. */
export interface GatewayRow {
  gateway: string;
  linked: boolean;
  /** Since when it is linked, or was not heard of. */
  since?: number;
  heardAt?: number;
  /** When the last new facts of it were taken. */
  factsAt?: number;
  /** Facts that wait at it, how much of its disk they take and may take, in bytes, and when the oldest was recorded. */
  facts?: number;
  bytes?: number;
  maxBytes?: number;
  oldest?: number;
  /** Telemetry that it shed for want of room. */
  shed?: number;
  /** Since when it holds its sources back. */
  holdingSince?: number;
  /** How far its clock is ahead of the hub's, in ms. */
  skewMs?: number;
  certificateTo?: number;
  /** Version of its program. */
  program?: string;
  /** Version of the configuration that runs, and of the one that shall. */
  configuration?: number;
  wanted?: number;
  /** Why it does not run the one that it shall, as a sentence. */
  configurationRefusal?: string;
  /** The project declares another configuration than was published. */
  unpublished: boolean;
  /** Why the hub refused it last, as sentences. */
  refused?: string;
  /** What is wrong at the gateway. */
  problem?: string;
  /** Where a damaged buffer was set aside. */
  aside?: string;
}

/** Reads all gateways; the same whichever worker of the hub is asked. */
export type ReadFleet = () => Promise<GatewayRow[]>;

/** `GET /api/gateways`: every gateway that may come, and the hub's time. */
export function fleetRoutes(app: FastifyInstance, read: ReadFleet, clock: Clock): void {
  app.get("/api/gateways", async (_request, reply) =>
    reply.header("cache-control", "no-store").send({ now: clock.now(), gateways: await read() }),
  );
}
