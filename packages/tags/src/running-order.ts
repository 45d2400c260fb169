import type { ProductionOrderRelease } from "@lineshaft/model";
import { timeToMs } from "@lineshaft/model";
import { ORDER_CHANGES } from "./limits.ts";
import type { UnitPlace } from "./unit-template.ts";

/** What a unit works on. */
export interface RunningOrder {
  readonly productionOrder: string;
  readonly operation?: string;
  readonly product?: string;
  readonly lot?: string;
}

/** An order, `none` when it is known that none runs, `unknown` when it is not known. */
export type OrderKnown = RunningOrder | "none" | "unknown";

/** Says which order runs on a unit, where the machine itself does not. Asked for each change, so it answers from memory. */
export interface RunningOrders {
  /** Counts up whenever an answer may have changed; what waits for its order is then looked at again. */
  readonly revision: number;
  /** What ran there at that time. Never a guess: `unknown` when more than one may be meant. */
  at(place: UnitPlace, time: number): OrderKnown;
}

/** Most releases that are remembered for one work center. */
const RELEASES = 1_000;

/** Orders by their releases. */
export interface ReleasedOrders extends RunningOrders {
  /** A release, as it came in as a fact. */
  take(release: ProductionOrderRelease): void;
  /** The order is done or was taken back: it runs nowhere any more from that time on. */
  end(productionOrder: string, time: number): void;
}

/**
 * The order running on a unit is the only one that is released for its work center and whose planned time includes the
 * moment. Two of them, or none: unknown.
 */
export function releasedOrders(): ReleasedOrders {
  const byWorkCenter = new Map<string, { order: RunningOrder; from: number; to: number }[]>();
  let revision = 0;
  const forget = (productionOrder: string) => {
    for (const list of byWorkCenter.values())
      for (let i = list.length - 1; i >= 0; i--)
        if (list[i]?.order.productionOrder === productionOrder) list.splice(i, 1);
  };
  return {
    get revision() {
      return revision;
    },
    take({ productionOrder, product, operations = [], plannedStart, plannedEnd }) {
      revision++;
      forget(productionOrder);
      for (const { operation, workCenter } of operations) {
        if (workCenter === undefined) continue;
        const list = byWorkCenter.get(workCenter) ?? [];
        byWorkCenter.set(workCenter, list);
        const from = plannedStart === undefined ? -Infinity : timeToMs(plannedStart);
        const to = plannedEnd === undefined ? Infinity : timeToMs(plannedEnd);
        list.push({ order: { productionOrder, operation, product }, from, to });
        if (list.length > RELEASES) list.shift();
      }
    },
    end(productionOrder, time) {
      revision++;
      for (const list of byWorkCenter.values())
        for (const entry of list)
          if (entry.order.productionOrder === productionOrder) entry.to = Math.min(entry.to, time);
    },
    at({ workCenter }, time) {
      let found: RunningOrder | undefined;
      for (const { order, from, to } of byWorkCenter.get(workCenter) ?? []) {
        if (time < from || time >= to) continue;
        if (found !== undefined) return "unknown";
        found = order;
      }
      return found ?? "unknown";
    },
  };
}

/** What a unit is known to have worked on, by event time. */
export class OrderHistory {
  #entries: { from: number; known: OrderKnown }[] = [{ from: -Infinity, known: "unknown" }];

  get current(): OrderKnown {
    return this.#entries.at(-1)?.known ?? "unknown";
  }

  at(time: number): OrderKnown {
    for (let i = this.#entries.length - 1; i >= 0; i--) {
      const entry = this.#entries[i];
      if (entry !== undefined && entry.from <= time) return entry.known;
    }
    return "unknown";
  }

  /**
   * From then on this is known. What was unknown between twice the same order was that order; between two others it was
   * the second one from when the device says it changed.
   * @returns whether something else is known now than before
   */
  set(known: OrderKnown, from: number): boolean {
    const last = this.#entries.at(-1);
    if (last === undefined || sameOrder(last.known, known)) return false;
    if (last.known === "unknown") {
      const before = this.#entries.at(-2);
      if (before !== undefined && sameOrder(before.known, known)) {
        this.#entries.pop();
        return true;
      }
    }
    const begin = Math.max(from, last.from);
    if (begin === last.from && this.#entries.length > 1) this.#entries.pop();
    this.#entries.push({ from: begin, known });
    if (this.#entries.length > ORDER_CHANGES) this.#entries.shift();
    return true;
  }

  save(): unknown {
    return this.#entries.map(({ from, known }) => [from === -Infinity ? null : from, known]);
  }

  restore(saved: unknown): void {
    this.#entries = (saved as [number | null, OrderKnown][]).map(([from, known]) => ({
      from: from ?? -Infinity,
      known,
    }));
  }
}

export function sameOrder(a: OrderKnown, b: OrderKnown): boolean {
  if (typeof a === "string" || typeof b === "string") return a === b;
  return (
    a.productionOrder === b.productionOrder && a.operation === b.operation && a.product === b.product && a.lot === b.lot
  );
}
