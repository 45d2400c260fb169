import type { Completion, Downtime, MaterialConsumption } from "@lineshaft/model";
import { Dice } from "./dice.ts";
import { disturb } from "./disturb.ts";
import type { Disturbance } from "./disturb.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS, smallPlant } from "./plant.ts";
import type { MesOrder, MesPlant } from "./plant.ts";
import { workOff } from "./work-order.ts";
import { fromSteps } from "./amounts.ts";

export interface MesDayOptions {
  /** The same seed gives the same day. */
  seed: number;
  /** How many orders the plant works off, or which. */
  orders: number | readonly MesOrder[];
  /** When the day begins, ms since 1970. Default 2026-01-05T06:00+01:00. */
  start?: number;
  plant?: MesPlant;
  /** Number of the first order, when they are made here; default 1000001. */
  firstOrder?: number;
  /** Of all messages: how many are sent again, and how many arrive late. Default 4 % and 3 %; late ones before their order's last. */
  disturbance?: Partial<Disturbance>;
}

export type MesKind = "completion" | "material-consumption" | "downtime";

/** One message as the plant sends it. */
export interface MesMessage {
  /** When it is sent, ms since 1970. */
  at: number;
  /** `plant/{site}/{workCenter}/{kind}` */
  topic: string;
  kind: MesKind;
  /** In the form of the contract `{kind}.v1`. */
  fact: Completion | MaterialConsumption | Downtime;
  /** The very same fact was sent before. */
  duplicate: boolean;
  /** It is sent after a later one of its order. */
  late: boolean;
}

export interface MesDay {
  plant: MesPlant;
  orders: readonly MesOrder[];
  start: number;
  end: number;
  /** In the order of sending. */
  messages: readonly MesMessage[];
}

/** A plant's day: every order is begun, reported in parts, disturbed by stops, and finished. The same options give the same day. */
export function mesDay(options: MesDayOptions): MesDay {
  const { seed, plant = smallPlant, start = Date.UTC(2026, 0, 5, 5) } = options;
  const dice = new Dice(seed);
  const orders = typeof options.orders === "number" ? mesOrders({ ...options, count: options.orders }) : options.orders;
  const end = start + DAY_MS;
  const messages = byWorkCenter(orders).flatMap((queue) => {
    // Work centers do not begin at the same minute, and the last hour is left free for what is sent late.
    const begin = start + dice.whole(0, 60) * MINUTE_MS;
    const slot = Math.floor((DAY_MS - 2 * HOUR_MS) / queue.length);
    return queue.flatMap((order, at) =>
      workOff({ order, plant, dice, from: begin + at * slot, until: begin + (at + 1) * slot }),
    );
  });
  return { plant, orders, start, end, messages: disturb(messages, dice, options.disturbance ?? {}) };
}

/** The orders of a day, as they have to stand in the systems that planned them. */
export function mesOrders(options: { seed: number; count: number; plant?: MesPlant; firstOrder?: number }): MesOrder[] {
  const { seed, count, plant = smallPlant, firstOrder = 1_000_001 } = options;
  const dice = new Dice(seed ^ 0x0dd);
  return Array.from({ length: count }, (_, at) => {
    const product = plant.products[at % plant.products.length];
    if (product === undefined) throw new Error("the plant makes nothing");
    return {
      productionOrder: String(firstOrder + at),
      product: product.product,
      quantity: fromSteps(
        dice.whole(20, 120) * 10 ** product.scale + (product.scale > 0 ? dice.whole(0, 9) : 0),
        product.scale,
      ),
      operation: "0010",
      workCenter: plant.workCenters[at % plant.workCenters.length] ?? "ASSEMBLY",
    };
  });
}

function byWorkCenter(orders: readonly MesOrder[]): MesOrder[][] {
  return [...Map.groupBy(orders, (order) => order.workCenter).values()];
}
