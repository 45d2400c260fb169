import {
  type BegunItem,
  type DeliveryPayload,
  type Item,
  LANES,
  type Ledger,
  type Log,
  type OtherWorkers,
  routeOf,
} from "@lineshaft/core";
import { mapDelivery } from "./mapping.ts";
import type { PlantScopes } from "./plant-scopes.ts";
import type { Routing } from "./routing.ts";
import { tokenOf } from "./system-worker.ts";

interface BegunElsewhereOptions {
  ledger: Ledger;
  routing: Routing;
  scopes: PlantScopes;
  log: Log;
  /** Whether the lane is worked on here. */
  isOurs: (lane: number) => boolean;
}

/**
 * What other workers have in hand, read from the ledger: `sending` is written there before anything leaves. Nothing is
 * changed: each delivery is settled by the worker that has its lane.
 */
export class BegunElsewhere implements OtherWorkers {
  readonly #o: BegunElsewhereOptions;

  constructor(options: BegunElsewhereOptions) {
    this.#o = options;
  }

  async begun(system: string): Promise<BegunItem[]> {
    const { ledger, isOurs } = this.#o;
    const lanes = Array.from({ length: LANES }, (_, lane) => lane).filter((lane) => !isOurs(lane));
    const inHand = await ledger.inHand(lanes, system);
    return inHand
      .filter(({ state }) => state === "sending")
      .map(({ id, key, attempts, edited }) => ({
        delivery: id,
        token: tokenOf(ledger.id, id),
        key,
        attempt: attempts + 1,
        edited,
      }));
  }

  async items(begun: readonly BegunItem[]): Promise<Item<unknown>[]> {
    const payloads = await this.#o.ledger.payloads(begun.map(({ delivery: id, edited }) => ({ id, edited })));
    const items = await Promise.all(begun.map((one) => this.#item(one, payloads.get(one.delivery))));
    return items.filter((item) => item !== undefined);
  }

  async #item(
    { delivery, token, key, attempt }: BegunItem,
    found: DeliveryPayload | undefined,
  ): Promise<Item<unknown> | undefined> {
    const { routing, log } = this.#o;
    const route = routing.route(routeOf(delivery));
    // One that is gone was settled meanwhile; a route that is not known here is one of another version of the project.
    if (route === undefined || found === undefined) return undefined;
    const { canonical, ...carried } = found;
    const mapped = await mapDelivery(route, { ...carried, payload: JSON.parse(canonical) as unknown }, this.#o);
    if (mapped.ok) return { token, key, attempt, value: mapped.value, receivedTime: carried.receivedTime };
    log.debug("what another worker has begun cannot be mapped here", { delivery, why: mapped.message });
    return undefined;
  }
}
