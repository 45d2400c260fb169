import type { Finding } from "@lineshaft/core";
import { type Flow, type MappingContext, type Policy, flow } from "@lineshaft/engine";
import { type Completion, type Product, type UnitConversion, completion } from "@lineshaft/model";
import type { CompleteOrder, Odoo } from "@lineshaft/odoo";
import type { OperationConfirmation, S4 } from "@lineshaft/sap";
import { defined, odooConsumption, odooQuantity } from "./odoo-terms.ts";
import { type S4Place, s4Material, s4Quantity, s4Sum, s4Value } from "./s4-terms.ts";

export interface CompletionFlowOptions {
  /** Default `completions`. */
  name?: string;
  /** Who looks after what gets parked; default `production control`. */
  owner?: string;
  /** Only facts of these systems; default all. */
  from?: readonly string[];
  policy?: Policy;
  odoo?: OdooCompletions;
  s4?: S4Completions;
}

export interface OdooCompletions {
  system: Odoo;
  /**
   * Which reports count as output of the whole order. Default all. Where each operation is reported on its own, count
   * only those of the last one, or the same pieces are completed several times.
   */
  counts?(report: Completion): boolean;
  /**
   * What happens to a report that consumes more of a component than Odoo has on stock. `park` (default): it waits for a
   * person. `book`: it is booked, and the stock goes below zero, for plants whose receipts are booked late.
   */
  shortage?: "park" | "book";
}

export interface S4Completions extends S4Place {
  system: S4;
  /** Operation of reports that name none. */
  operation?: string;
  /** Position of each time in the work center's formula, 1 to 6. A time without a position is not sent. */
  activities?: { setup?: number; machine?: number; labour?: number };
  /** The plant's scrap and rework reasons to SAP's variance reasons, at most four characters. */
  reasons?: Readonly<Record<string, string>>;
}

/**
 * Completions reported by the plant complete the order in Odoo and confirm the operation in SAP: yield, scrap with
 * reason, rework, lots, serial numbers, times, consumed material and by-products, in part or as the final report.
 *
 * ```ts
 * completionFlow({ odoo: { system: odoo }, s4: { system: s4, plant: "1010", storageLocation: "0001", operation: "0010" } })
 * ```
 */
export function completionFlow(options: CompletionFlowOptions): Flow<Completion> {
  const { odoo, s4, from, policy } = options;
  let made = flow(options.name ?? "completions", completion, {
    owner: options.owner ?? "production control",
    purpose: "What the plant reports as made completes the order in Odoo and confirms the operation in SAP.",
    ...defined({ from, policy }),
    check: (report) => (s4 ? fitsS4(report, s4) : []),
  });
  if (odoo)
    made = made.to(odoo.system.completeOrder, {
      map: (report) => toOdoo(report, odoo),
      when: (report) => odoo.counts?.(report) ?? true,
    });
  if (s4) made = made.to(s4.system.confirmOperation, (report, context) => toS4(report, s4, context));
  return made;
}

function toOdoo(report: Completion, { shortage = "park" }: OdooCompletions): CompleteOrder {
  const { productionOrder, final, lots, serials, scrap, consumed, byProducts, end, time } = report;
  return {
    order: productionOrder,
    yield: odooQuantity(report.yield),
    final,
    finishedAt: end ?? time,
    report: report.id,
    shortage: shortage === "park" ? "refuse" : "book",
    ...defined({
      rework: report.rework && odooQuantity(report.rework),
      ...(serials === undefined && lotsOf(lots)),
      serials,
      scrap: scrapOf(scrap),
      consumption: consumed?.map(odooConsumption),
      byProducts: byProducts?.map(({ product, quantity, lot }) => ({
        product,
        quantity: odooQuantity(quantity),
        ...defined({ lot }),
      })),
      note: noteOf(report),
    }),
  };
}

function lotsOf(lots: Completion["lots"] = []): Pick<CompleteOrder, "lot" | "lots"> {
  if (lots.length < 2) return defined({ lot: lots[0]?.lot });
  return { lots: lots.map(({ lot, quantity }) => ({ lot, quantity: odooQuantity(quantity) })) };
}

function scrapOf(scrap: Completion["scrap"]): CompleteOrder["scrap"] {
  return scrap?.map(({ quantity, reason, lot }) => ({
    quantity: odooQuantity(quantity),
    ...defined({ reason, lot }),
  }));
}

/** What Odoo has no field for stays readable in its note. */
function noteOf({
  rework,
  reworkReason,
  reasonForOpenQuantity,
  operator,
  shift,
  note,
}: Completion): string | undefined {
  const parts = [
    rework && `Rework: ${rework.value} ${rework.unit}${reworkReason ? ` (${reworkReason})` : ""}.`,
    reasonForOpenQuantity && `Open quantity: ${reasonForOpenQuantity}.`,
    operator && `Reported by ${operator}${shift ? `, ${shift} shift` : ""}.`,
    note,
  ].filter(Boolean);
  return parts.length === 0 ? undefined : parts.join(" ");
}

function fitsS4({ operation }: Completion, options: S4Completions): Finding[] {
  if (operation !== undefined || options.operation !== undefined) return [];
  return [
    {
      field: "/operation",
      rule: "completions.operation",
      fix: "Name the operation: SAP confirms operations, not orders.",
    },
  ];
}

async function toS4(
  report: Completion,
  options: S4Completions,
  context: MappingContext,
): Promise<OperationConfirmation> {
  const { productionOrder, operation, yield: good, scrap = [], rework, final, time, start, end, operator } = report;
  const reason = scrap.find((part) => part.reason !== undefined)?.reason ?? report.reworkReason;
  const movements = movementsOf(report, options);
  const conversions = await conversionsOf(report, context);
  return {
    order: productionOrder,
    operation: operation ?? options.operation ?? "",
    yield: s4Value(good),
    unit: good.unit,
    final: final ? "final" : "partial",
    postedAt: time,
    ...defined({
      scrap:
        scrap.length === 0
          ? undefined
          : s4Sum(
              scrap.map((part) => part.quantity),
              good.unit,
              conversions,
            ),
      rework: rework && s4Sum([rework], good.unit, conversions),
      scrapReason: reason === undefined ? undefined : options.reasons?.[reason],
      startedAt: start,
      endedAt: end,
      activities: activitiesOf(report, options),
      enteredBy: operator?.slice(0, 12),
      text: report.note?.slice(0, 40) || undefined,
      goodsMovements: movements.length === 0 ? undefined : movements,
    }),
  };
}

/** What the product's own units are worth, where the report names the product and its master data is known. */
async function conversionsOf({ product }: Completion, context: MappingContext): Promise<UnitConversion[]> {
  if (product === undefined) return [];
  const known = (await context.latest("product.v1", product)) as Product | undefined;
  return known?.conversions ?? [];
}

type Activity = NonNullable<OperationConfirmation["activities"]>[number];

function activitiesOf(report: Completion, { activities = {} }: S4Completions): Activity[] | undefined {
  const times = [
    { slot: activities.setup, time: report.setupTime },
    { slot: activities.machine, time: report.machineTime },
    { slot: activities.labour, time: report.labourTime },
  ].flatMap(({ slot, time }) => (slot === undefined || time === undefined ? [] : [{ slot, ...s4Quantity(time) }]));
  return times.length === 0 ? undefined : times;
}

type Movement = NonNullable<OperationConfirmation["goodsMovements"]>[number];

/** Consumption as 261, by-products as 531, and the yield as 101 where its lots have to be named. */
function movementsOf(report: Completion, place: S4Completions): Movement[] {
  const { consumed = [], byProducts = [], lots = [], product, location } = report;
  const moved = (movementType: Movement["movementType"], it: Parameters<typeof s4Material>[0]): Movement => ({
    movementType,
    ...s4Material(it, place),
  });
  return [
    ...(product === undefined
      ? []
      : lots.map(({ lot, quantity }) => moved("101", { product, quantity, lot, location }))),
    ...consumed.map((it) => moved("261", it)),
    ...byProducts.map((it) => moved("531", it)),
  ];
}
