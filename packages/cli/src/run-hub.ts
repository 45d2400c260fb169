import { type Clock, type Log, systemClock } from "@lineshaft/core";
import { type Hub, type HubDefinition, openHub } from "@lineshaft/engine";
import { type FaultSwitchboard, type HubServer, serveHub, startTelemetry } from "@lineshaft/server";
import { fleetOf } from "./fleet.ts";

export interface RunHubOptions {
  definition: HubDefinition;
  port: number;
  host?: string;
  log: Log;
  version: string;
  clock?: Clock;
  faults?: FaultSwitchboard;
}

export interface RunningHub {
  readonly hub: Hub;
  readonly server: HubServer;
  readonly tracesTo: string | undefined;
  /** Takes no more facts, finishes what is in hand, lets go of everything. The page stays until the end. */
  stop(): Promise<void>;
}

/** Opens, serves and starts a hub with its telemetry; undoes what it did when a step fails. */
export async function runHub(options: RunHubOptions): Promise<RunningHub> {
  const { definition, port, host, log, version, clock = systemClock, faults } = options;
  const undo: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const step of undo.splice(0).toReversed()) await step();
  };
  try {
    // Before the hub, so that its instruments count from the start.
    const telemetry = await startTelemetry({ service: definition.name, version });
    undo.push(() => telemetry.close());
    const hub = await openHub(definition, { clock, log });
    const fleet = fleetOf(definition.systems, hub.ledger, clock);
    const closing: { server?: HubServer } = {};
    undo.push(async () => {
      await hub.stop();
      await closing.server?.close();
    });
    // Listens before it starts: a taken port must not cost a started hub.
    const server = await serveHub({
      hub,
      port,
      telemetry,
      clock,
      log,
      ...(host !== undefined && { host }),
      ...(faults && { faults }),
      ...(fleet && { fleet }),
    });
    closing.server = server;
    await hub.start();
    return { hub, server, tracesTo: telemetry.tracesTo, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
