import type { Completion, Quantity } from "@lineshaft/model";
import { quantityOf, share, toSteps } from "./amounts.ts";
import type { MesKind, MesMessage } from "./day.ts";
import type { Dice } from "./dice.ts";
import { MINUTE_MS, nextShiftChange, plantTime, shiftAt } from "./plant.ts";
import type { MesOrder, MesPlant, MesProduct } from "./plant.ts";

export interface Work {
  order: MesOrder;
  plant: MesPlant;
  dice: Dice;
  /** When the work center is free for it and when the next order wants it, ms since 1970. */
  from: number;
  until: number;
}

/** One stretch of work that ends with a report. Quantities in steps of the product's scale. */
interface Stretch {
  start: number;
  end: number;
  yield: number;
  scrap: number;
  rework: number;
  final: boolean;
  /** Why the work stood still at its end, if it did. */
  stop?: { category: "planned" | "unplanned"; reason: string; ms: number };
}

/** All messages of one order, in the order in which they happen. */
export function workOff(work: Work): MesMessage[] {
  const product = productOf(work);
  const stretches = planStretches(work, product);
  let total = 0;
  return stretches.flatMap((stretch, at) => {
    total += stretch.yield;
    const messages = [message(work, stretch.end, "completion", completionOf({ work, product, stretch, at, total }))];
    const made = stretch.yield + stretch.scrap;
    if (made > 0)
      messages.push(
        message(work, stretch.end + 5_000, "material-consumption", consumptionOf(work, product, made, stretch, at)),
      );
    if (stretch.stop)
      messages.push(
        message(work, stretch.end + stretch.stop.ms, "downtime", downtimeOf(work, stretch, stretch.stop, at)),
      );
    return messages;
  });
}

const scrapReasons = ["SEAL-DAMAGED", "DIMENSION", "SURFACE", "LEAK"] as const;
const stopReasons = ["HYDRAULIC-PRESSURE", "MATERIAL-MISSING", "TOOL-WEAR", "SENSOR-FAULT"] as const;
const operators = ["o.petersen", "a.kaya", "j.nowak"] as const;

/**
 * Cuts the order's time into stretches that end when a part of it is reported, and at each change of shift, and shares
 * the order's quantity out over them. What is reworked is taken out of one stretch and into the next as good.
 */
function planStretches(work: Work, product: MesProduct): Stretch[] {
  const { order, dice } = work;
  const ends = reportTimes(work);
  const quantity = toSteps(order.quantity, product.scale);
  // Every other order makes up for its scrap; the others end short of their quantity, with a reason.
  const makesUp = dice.chance(0.5);
  const stretches: Stretch[] = [];
  let attempted = 0;
  let owed = 0;
  let start = work.from;
  for (const [at, end] of ends.entries()) {
    const final = at === ends.length - 1;
    const reached = final ? quantity : Math.floor((quantity * (at + 1)) / ends.length);
    const made = reached - attempted;
    const scrap = dice.chance(0.35) ? Math.min(made, dice.whole(1, Math.max(1, Math.floor(made / 8)))) : 0;
    const rework =
      !final && dice.chance(0.2) ? Math.min(made - scrap, dice.whole(1, Math.max(1, Math.floor(made / 10)))) : 0;
    const next = ends[at + 1];
    const stop = next === undefined ? undefined : planStop(work, end, next);
    const good = made - scrap - rework + owed;
    stretches.push({ start, end, yield: good, scrap, rework, final, ...(stop && { stop }) });
    // Scrap that is made up for is attempted again in what follows.
    attempted = reached - (makesUp && !final ? scrap : 0);
    owed = rework;
    start = end + (stop?.ms ?? 0);
  }
  return stretches.filter((stretch) => stretch.yield + stretch.scrap + stretch.rework > 0);
}

/** Ends of the stretches: two to five parts with some jitter, the changes of shift between, and the end. */
function reportTimes({ plant, dice, from, until }: Work): number[] {
  const length = (until - from) * (0.7 + dice.roll() * 0.25);
  const end = Math.round(from + length);
  const parts = dice.whole(2, 5);
  const times = Array.from({ length: parts - 1 }, (_, at) =>
    Math.round(from + (length * (at + 0.7 + dice.roll() * 0.6)) / parts),
  );
  for (let change = nextShiftChange(plant, from); change < end; change = nextShiftChange(plant, change))
    times.push(change);
  const inner = times.filter((time) => time < end - MINUTE_MS).sort((a, b) => a - b);
  return [...inner.filter((time, at) => time - (inner[at - 1] ?? from) >= MINUTE_MS), end];
}

/** At the end of a shift the work is handed over, which is planned; at times something breaks. */
function planStop({ plant, dice }: Work, end: number, next: number): Stretch["stop"] {
  const most = Math.floor((next - end) / 2);
  if (nextShiftChange(plant, end - 1) === end) {
    return { category: "planned", reason: "SHIFT-CHANGE", ms: Math.min(most, 10 * MINUTE_MS) };
  }
  if (!dice.chance(0.3)) return undefined;
  return { category: "unplanned", reason: dice.pick(stopReasons), ms: Math.min(most, dice.whole(2, 25) * MINUTE_MS) };
}

interface Report {
  work: Work;
  product: MesProduct;
  stretch: Stretch;
  at: number;
  /** Good output so far, this report included, in steps. */
  total: number;
}

function completionOf({ work, product, stretch, at, total }: Report): Completion {
  const { order, plant, dice } = work;
  const amount = (steps: number) => quantityOf(steps, product.scale, product.unit);
  const open = toSteps(order.quantity, product.scale) - total;
  const hours = ((stretch.end - stretch.start) / 3_600_000).toFixed(2);
  return {
    id: `mes-${order.productionOrder}-c${at + 1}`,
    time: plantTime(plant, stretch.end),
    productionOrder: order.productionOrder,
    operation: order.operation,
    product: product.product,
    site: plant.site,
    workCenter: order.workCenter,
    yield: amount(stretch.yield),
    ...(stretch.scrap > 0 && {
      scrap: splitScrap(stretch.scrap, dice).map(([steps, reason]) => ({ quantity: amount(steps), reason })),
    }),
    ...(stretch.rework > 0 && { rework: amount(stretch.rework), reworkReason: "LEAK" }),
    final: stretch.final,
    ...(stretch.final && { totalYield: amount(total) }),
    ...(stretch.final && open > 0 && { reasonForOpenQuantity: "Scrap was not made up for" }),
    ...(product.tracking === "lot" && stretch.yield > 0 && { lots: splitLots(stretch.yield, at, work, product) }),
    ...(product.byProduct &&
      stretch.yield > 0 && { byProducts: [byProductOf(product.byProduct, stretch.yield, product.scale)] }),
    machineTime: { value: hours, unit: "HUR" },
    labourTime: { value: hours, unit: "HUR" },
    start: plantTime(plant, stretch.start),
    end: plantTime(plant, stretch.end),
    operator: dice.pick(operators),
    shift: shiftAt(plant, stretch.end - 1),
  };
}

/** Scrap has one reason, or, when there is enough of it, sometimes two. */
function splitScrap(steps: number, dice: Dice): [steps: number, reason: string][] {
  const first = dice.pick(scrapReasons);
  if (steps < 2 || dice.chance(0.7)) return [[steps, first]];
  const other = scrapReasons.find((reason) => reason !== first) ?? first;
  const part = dice.whole(1, steps - 1);
  return [
    [part, first],
    [steps - part, other],
  ];
}

/** The lot of the order; a report may be where one lot ends and the next begins. */
function splitLots(
  steps: number,
  at: number,
  { order, dice }: Work,
  product: MesProduct,
): { lot: string; quantity: Quantity }[] {
  const lot = (n: number, part: number) => ({
    lot: `L-${order.productionOrder}-${n}`,
    quantity: quantityOf(part, product.scale, product.unit),
  });
  if (steps < 2 || dice.chance(0.6)) return [lot(at + 1, steps)];
  const part = dice.whole(1, steps - 1);
  return [lot(at + 1, part), lot(at + 2, steps - part)];
}

function byProductOf(byProduct: NonNullable<MesProduct["byProduct"]>, steps: number, scale: number) {
  return { product: byProduct.product, quantity: { value: share(steps, scale, byProduct.each), unit: byProduct.unit } };
}

/** What was made, good or scrap, took its parts. */
function consumptionOf(
  { order, plant, dice }: Work,
  product: MesProduct,
  made: number,
  stretch: Stretch,
  at: number,
): MesMessage["fact"] {
  return {
    id: `mes-${order.productionOrder}-m${at + 1}`,
    time: plantTime(plant, stretch.end),
    productionOrder: order.productionOrder,
    operation: order.operation,
    site: plant.site,
    workCenter: order.workCenter,
    consumed: product.parts.map((part, line) => ({
      product: part.product,
      quantity: { value: share(made, product.scale, part.each), unit: part.unit },
      component: String(line + 1),
      ...(part.lot !== undefined && { lot: part.lot }),
      location: part.location,
    })),
    operator: dice.pick(operators),
    shift: shiftAt(plant, stretch.end - 1),
  };
}

function downtimeOf(
  { order, plant }: Work,
  stretch: Stretch,
  stop: NonNullable<Stretch["stop"]>,
  at: number,
): MesMessage["fact"] {
  const end = stretch.end + stop.ms;
  return {
    id: `mes-${order.productionOrder}-d${at + 1}`,
    time: plantTime(plant, end),
    site: plant.site,
    workCenter: order.workCenter,
    category: stop.category,
    reason: stop.reason,
    start: plantTime(plant, stretch.end),
    end: plantTime(plant, end),
    productionOrder: order.productionOrder,
    ...(stop.category === "unplanned" && stop.ms > 15 * MINUTE_MS && { maintenanceNeeded: true }),
    shift: shiftAt(plant, end - 1),
  };
}

function message({ order, plant }: Work, at: number, kind: MesKind, fact: MesMessage["fact"]): MesMessage {
  return { at, topic: `plant/${plant.site}/${order.workCenter}/${kind}`, kind, fact, duplicate: false, late: false };
}

function productOf({ order, plant }: Work): MesProduct {
  const product = plant.products.find((each) => each.product === order.product);
  if (product === undefined)
    throw new Error(`Order ${order.productionOrder} is for ${order.product}, which the plant does not make`);
  toSteps(order.quantity, product.scale);
  return product;
}
