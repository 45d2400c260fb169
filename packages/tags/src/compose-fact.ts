import { given, iso } from "./rules/rule-machine.ts";
import type { Draft } from "./rules/rule-machine.ts";
import type { OrderKnown } from "./running-order.ts";
import type { UnitPlace } from "./unit-template.ts";

/** A canonical fact made of tags. Its id follows from unit, rule and event time alone. */
export interface TagFact {
  readonly contract: string;
  readonly id: string;
  readonly unit: string;
  readonly rule: string;
  /** The payload, as its contract has it. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** Adds to a draft where it happened, on which order and in which shift, as far as its contract has room for it. */
export function composeFact(draft: Draft, place: UnitPlace, known: OrderKnown, shift: string | undefined): TagFact {
  const { contract, rule, time, body } = draft;
  const id = factId(draft, place);
  const fields = { id, time: iso(time), ...placeFields(contract, place), ...body };
  const order = typeof known === "string" ? {} : orderFields(draft, known);
  const shiftField = contract === "quality-hold.v1" ? {} : { shift: draft.body["shift"] ?? shift };
  const hold = contract === "quality-hold.v1" ? { hold: id } : {};
  return { contract, id, unit: place.unit, rule, body: given({ ...fields, ...order, ...hold, ...shiftField }) };
}

/** Follows from unit, rule, event time and the rule's own mark. */
export function factId({ rule, time, mark }: Pick<Draft, "rule" | "time" | "mark">, { unit }: UnitPlace): string {
  return [unit, rule, time.toString(36), mark].filter(Boolean).join(".");
}

function placeFields(contract: Draft["contract"], { site, area, line, workCenter, unit }: UnitPlace): object {
  if (contract === "quality-hold.v1") return { site };
  // Who corrects is known as far as the machine at whose panel it was.
  if (contract === "completion-correction.v1") return { site, workCenter, operator: unit };
  const common = { site, workCenter, equipment: unit };
  return contract.startsWith("equipment-") ? { ...common, area, line } : common;
}

function orderFields(draft: Draft, known: Exclude<OrderKnown, string>): object {
  const { productionOrder, operation, product, lot } = known;
  switch (draft.contract) {
    case "completion.v1":
      return { productionOrder, operation, product, lots: lotOf(draft, lot), scrap: scrapOf(draft, lot) };
    case "completion-correction.v1":
      return { productionOrder, operation, product };
    case "downtime.v1":
      return { productionOrder, operation };
    case "quality-hold.v1":
      return { productionOrder, product, lot };
    case "equipment-event.v1":
      return { productionOrder, operation, product, lot };
    case "equipment-summary.v1":
      // A shift may have seen several orders.
      return draft.body["per"] === "order" ? { productionOrder, operation, product, lot } : {};
  }
}

/** Scrap names its lot, too: a report of nothing but scrap has no other place for it. */
function scrapOf({ body }: Draft, lot: string | undefined): object[] | undefined {
  const scrap = body["scrap"] as object[] | undefined;
  return lot === undefined ? scrap : scrap?.map((part) => ({ ...part, lot }));
}

function lotOf({ body }: Draft, lot: string | undefined): object[] | undefined {
  const made = body["yield"] as { value: string };
  return lot === undefined || !/[1-9]/.test(made.value) ? undefined : [{ lot, quantity: made }];
}
