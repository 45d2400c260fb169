import {
  type DeliveryState,
  LineshaftError,
  messageOf,
  type StoredDelivery,
  type StoredMessage,
} from "@lineshaft/core";
import type { HubStatus } from "@lineshaft/engine";
import type { FaultOffer, FaultSwitchboard } from "./faults.ts";
import type { PlantView } from "./plant-view.ts";
import type { ServedHub } from "./serve-hub.ts";

/** Most parked deliveries, facts and refusals that one status tells; the counts beside them are complete. */
export const LIVE_ROWS = 12;

/** Everything the live page shows. No payloads. */
export interface LiveStatus {
  hub: HubStatus;
  parked: ParkedRow[];
  facts: FactRow[];
  /** Present only in a demo. */
  faults?: FaultOffer[];
  /** Present only in a demo with a plant behind a gateway. */
  plant?: PlantView;
  /** Why parked and facts are missing, as a sentence. */
  ledgerProblem?: string;
}

export interface ParkedRow {
  delivery: number;
  flow: string;
  system: string;
  operation: string;
  key: string;
  since: number;
  reason: string;
  message: string;
  next: string;
  owner: string;
}

export interface FactRow {
  message: number;
  source: string;
  contract: string;
  object: string;
  receivedTime: number;
  duplicates: number;
  deliveries: { system: string; operation: string; state: DeliveryState; receipt: string | null; attempts: number }[];
}

export async function readLiveStatus(hub: ServedHub, faults?: FaultSwitchboard): Promise<LiveStatus> {
  const status = hub.status();
  const offers = faults ? { faults: faults.offers(), ...(faults.plant && { plant: faults.plant() }) } : {};
  try {
    const messages = await hub.ledger.messages({ limit: LIVE_ROWS, newestFirst: true });
    const [parked, deliveries] = await Promise.all([
      parkedOf(hub, status),
      messages.length === 0 ? [] : hub.ledger.deliveries({ messages: messages.map((m) => m.id), limit: LIVE_ROWS * 8 }),
    ]);
    return {
      hub: status,
      parked: parked.map(parkedRow),
      facts: messages.map((m) => factRow(m, deliveries)),
      ...offers,
    };
  } catch (error) {
    // A hub that stops has closed its ledger; what it knows by itself is still worth showing.
    if (!(error instanceof LineshaftError)) throw error;
    return { hub: status, parked: [], facts: [], ledgerProblem: error.message, ...offers };
  }
}

/** Looks for parked deliveries only where memory says that there are some. */
async function parkedOf(hub: ServedHub, status: HubStatus): Promise<StoredDelivery[]> {
  if (!status.systems.some((system) => system.backlog.parked > 0)) return [];
  return hub.ledger.deliveries({ states: ["parked"], limit: LIVE_ROWS });
}

function parkedRow(delivery: StoredDelivery): ParkedRow {
  const { id, flow, system, operation, key, since, parking } = delivery;
  const { reason = "", message = "", next = "", owner = "" } = parking ?? {};
  return { delivery: id, flow, system, operation, key, since, reason, message, next, owner };
}

function factRow(message: StoredMessage, deliveries: readonly StoredDelivery[]): FactRow {
  const { id, source, contract, object, receivedTime, duplicates } = message;
  const own = deliveries.filter((delivery) => messageOf(delivery.id) === id);
  return {
    message: id,
    source,
    contract,
    object,
    receivedTime,
    duplicates,
    deliveries: own.map(({ system, operation, state, receipt, attempts }) => ({
      system,
      operation,
      state,
      receipt,
      attempts,
    })),
  };
}
