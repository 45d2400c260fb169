import type { Clock } from "@lineshaft/core";
import { alpha, unalpha } from "../external-keys.ts";
import { compare, stringLiteral } from "../odata/literal.ts";
import { navigated, textField } from "../odata/service.ts";
import type { Entity, ODataService } from "../odata/service.ts";
import type { OperationConfirmation } from "./operation-confirmation.ts";

/** A goods movement that belongs to a confirmation. */
export interface Movement {
  movementType: string;
  material: string;
  plant?: string;
  storageLocation?: string;
  batch?: string;
  /** `document/year`, when it was posted. */
  document?: string;
}

/** A confirmation in SAP, with what was to move along with it. */
export interface Confirmed {
  group: string;
  count: string;
  value: OperationConfirmation;
  /** Its movements as far as SAP has shown them. */
  items: Entity[];
}

export type MovementReport =
  | { kind: "complete"; posted: Movement[] }
  | { kind: "missing"; posted: Movement[]; missing: Movement[] }
  /** It could not be looked at; the confirmation stands all the same. */
  | { kind: "unchecked"; why: string };

/** Navigation from a confirmation to the material document's items that were posted with it. */
export const CONFIRMATION_ITEMS = "to_ProdnOrdConfMatlDocItm";
/** Waits before each reading back, in ms: the update task may commit a little after the answer. */
const READ_BACK_WAITS_MS = [0, 500, 2_000];
/** How long the components of an operation are remembered, in ms. */
const COMPONENTS_MS = 10 * 60 * 1000;
/** Most operations whose components are remembered. */
const MAX_COMPONENTS = 5_000;

/**
 * Finds out whether a confirmation's goods movements were posted. SAP posts a confirmation although its movements fail;
 * those then wait in transaction COGI, and its answer says nothing about them.
 */
export class MovementCheck {
  readonly #confirmations: ODataService;
  readonly #orders: ODataService;
  readonly #clock: Clock;
  readonly #components = new Map<string, { readAt: number; movements: Movement[] }>();

  constructor({ confirmations, orders, clock }: { confirmations: ODataService; orders: ODataService; clock: Clock }) {
    this.#confirmations = confirmations;
    this.#orders = orders;
    this.#clock = clock;
  }

  /** One report per confirmation, in order. Never throws. */
  async check(confirmed: readonly Confirmed[], signal: AbortSignal): Promise<MovementReport[]> {
    const open = new Map<Confirmed, Movement[]>();
    const reports = new Map<Confirmed, MovementReport>();
    for (const each of confirmed) {
      try {
        open.set(each, await this.#expected(each.value, signal));
      } catch (error) {
        reports.set(each, { kind: "unchecked", why: reasonOf(error) });
      }
    }
    let known: ReadonlyMap<Confirmed, Entity[]> = new Map(confirmed.map((each) => [each, each.items]));
    const settle = () => {
      for (const [each, expected] of open) {
        const report = compareMovements(
          expected,
          (known.get(each) ?? []).map((item) => movementOf(item)),
        );
        reports.set(each, report);
        if (report.kind === "complete") open.delete(each);
      }
    };
    settle();
    try {
      for (const wait of READ_BACK_WAITS_MS) {
        if (open.size === 0) break;
        if (wait > 0) await this.#clock.sleep(wait, signal);
        known = await this.#readBack([...open.keys()], signal);
        settle();
      }
    } catch (error) {
      for (const each of open.keys()) reports.set(each, { kind: "unchecked", why: reasonOf(error) });
    }
    return confirmed.map((each) => reports.get(each) ?? { kind: "unchecked", why: "it was left out" });
  }

  async #readBack(confirmed: readonly Confirmed[], signal: AbortSignal): Promise<Map<Confirmed, Entity[]>> {
    const keys = confirmed.map(
      ({ group, count }) =>
        `(${compare("ConfirmationGroup", "eq", stringLiteral(group))} and ${compare("ConfirmationCount", "eq", stringLiteral(count))})`,
    );
    const query = { $filter: keys.join(" or "), $expand: CONFIRMATION_ITEMS };
    const entities = await this.#confirmations.readAll("ProdnOrdConf2", query, signal);
    const byKey = new Map(entities.map((entity) => [confirmationKey(entity), navigated(entity, CONFIRMATION_ITEMS)]));
    return new Map(confirmed.map((each) => [each, byKey.get(`${each.group}/${each.count}`) ?? []]));
  }

  async #expected(value: OperationConfirmation, signal: AbortSignal): Promise<Movement[]> {
    if (value.goodsMovements !== undefined && value.goodsMovements.length > 0) {
      return value.goodsMovements.map(({ movementType, material, plant, storageLocation, batch }) => ({
        movementType,
        material,
        plant,
        ...(storageLocation !== undefined && { storageLocation }),
        ...(batch !== undefined && { batch }),
      }));
    }
    if (value.noGoodsMovements === true || isNothing(value)) return [];
    return this.#backflushed(alpha(value.order, 12), alpha(value.operation, 4), signal);
  }

  /** Components that SAP withdraws by itself when the operation is confirmed. */
  async #backflushed(order: string, operation: string, signal: AbortSignal): Promise<Movement[]> {
    const key = `${order}/${operation}`;
    const known = this.#components.get(key);
    if (known && this.#clock.now() - known.readAt < COMPONENTS_MS) return known.movements;
    const filter = `${compare("ManufacturingOrder", "eq", stringLiteral(order))} and ${compare("ManufacturingOrderOperation", "eq", stringLiteral(operation))}`;
    const components = await this.#orders.readAll("A_ProductionOrderComponent_3", { $filter: filter }, signal);
    const movements = components.filter((component) => isBackflushed(component)).map((item) => movementOf(item));
    const [oldest] = this.#components.keys();
    if (oldest !== undefined && this.#components.size >= MAX_COMPONENTS) this.#components.delete(oldest);
    this.#components.set(key, { readAt: this.#clock.now(), movements });
    return movements;
  }
}

/** `261 RM-1 from 1010/0001 lot L7`, for a note. */
export function showMovement({ movementType, material, plant, storageLocation, batch }: Movement): string {
  const place = [plant, storageLocation].filter((part) => part !== undefined).join("/");
  return `${movementType} ${material}${place === "" ? "" : ` at ${place}`}${batch === undefined ? "" : ` lot ${batch}`}`;
}

export function confirmationKey(entity: Entity): string {
  return `${textField(entity, "ConfirmationGroup") ?? ""}/${textField(entity, "ConfirmationCount") ?? ""}`;
}

/** Each expected movement uses up one that was posted; SAP may post more, for it splits by lot. */
function compareMovements(expected: readonly Movement[], posted: readonly Movement[]): MovementReport {
  const left = [...posted];
  const missing = expected.filter((wanted) => {
    const at = left.findIndex(
      (found) =>
        found.movementType === wanted.movementType &&
        unalpha(found.material) === unalpha(wanted.material) &&
        (wanted.batch === undefined || wanted.batch === found.batch),
    );
    if (at >= 0) left.splice(at, 1);
    return at === -1;
  });
  const all = [...posted];
  return missing.length === 0 ? { kind: "complete", posted: all } : { kind: "missing", posted: all, missing };
}

function movementOf(item: Entity): Movement {
  const [plant, storageLocation, batch] = ["Plant", "StorageLocation", "Batch"].map((name) => textField(item, name));
  const document = textField(item, "MaterialDocument");
  return {
    movementType: textField(item, "GoodsMovementType") ?? "261",
    material: textField(item, "Material") ?? "",
    ...(plant !== undefined && { plant }),
    ...(storageLocation !== undefined && { storageLocation }),
    ...(batch !== undefined && { batch }),
    ...(document !== undefined && { document: `${document}/${textField(item, "MaterialDocumentYear") ?? ""}` }),
  };
}

function isBackflushed(component: Entity): boolean {
  const flag = component["MatlCompIsMarkedForBackflush"];
  const phantom = component["MaterialComponentIsPhantomItem"];
  return (flag === true || flag === "X") && phantom !== true && phantom !== "X";
}

function isNothing(value: OperationConfirmation): boolean {
  return [value.yield, value.scrap, value.rework].every((each) => each === undefined || /^0(\.0+)?$/.test(each));
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
