import type { Clock } from "@lineshaft/core";
import { alpha, unalpha } from "../external-keys.ts";
import { compare, stringLiteral } from "../odata/literal.ts";
import { navigated, textField } from "../odata/service.ts";
import type { Entity, ODataService } from "../odata/service.ts";
import type { ConfirmedMovement, OperationConfirmation } from "./operation-confirmation.ts";

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
/** Most keys asked for in one URL; SAP's internet server takes some 8,000 characters. */
const MAX_KEYS = 20;
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
  readonly #components = new Map<string, KnownComponents>();

  constructor({ confirmations, orders, clock }: { confirmations: ODataService; orders: ODataService; clock: Clock }) {
    this.#confirmations = confirmations;
    this.#orders = orders;
    this.#clock = clock;
  }

  /** One report per confirmation, in order. Never throws. */
  async check(confirmed: readonly Confirmed[], signal: AbortSignal): Promise<MovementReport[]> {
    const reports = new Map<Confirmed, MovementReport>();
    const compareAll = (each: Confirmed, expected: readonly Movement[], items: readonly Entity[]) => {
      const report = compareMovements(
        expected,
        items.map((item) => movementOf(item)),
      );
      reports.set(each, report);
      return report.kind === "missing";
    };
    try {
      const expected = await this.#expected(confirmed, signal);
      let open = confirmed.filter((each) => compareAll(each, expected.get(each) ?? [], each.items));
      for (const wait of READ_BACK_WAITS_MS) {
        if (open.length === 0) break;
        if (wait > 0) await this.#clock.sleep(wait, signal);
        const items = await this.#readBack(open, signal);
        open = open.filter((each) => compareAll(each, expected.get(each) ?? [], items.get(each) ?? []));
      }
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      for (const each of confirmed) {
        if (reports.get(each)?.kind !== "complete") reports.set(each, { kind: "unchecked", why });
      }
    }
    return confirmed.map((each) => reports.get(each) ?? { kind: "unchecked", why: "It was left out." });
  }

  async #readBack(confirmed: readonly Confirmed[], signal: AbortSignal): Promise<Map<Confirmed, Entity[]>> {
    const filters = confirmed.map(({ group, count }) => ({ ConfirmationGroup: group, ConfirmationCount: count }));
    const entities = await readAny(this.#confirmations, "ProdnOrdConf2", filters, signal, CONFIRMATION_ITEMS);
    const byKey = new Map(entities.map((entity) => [confirmationKey(entity), navigated(entity, CONFIRMATION_ITEMS)]));
    return new Map(confirmed.map((each) => [each, byKey.get(`${each.group}/${each.count}`) ?? []]));
  }

  /** What is to move with each: the movements given, or those that SAP makes of itself. */
  async #expected(confirmed: readonly Confirmed[], signal: AbortSignal): Promise<Map<Confirmed, readonly Movement[]>> {
    const ofItself = confirmed.filter(({ value }) => backflushes(value));
    const components = await this.#backflushed(
      ofItself.map(({ value }) => ({ order: alpha(value.order, 12), operation: alpha(value.operation, 4) })),
      signal,
    );
    return new Map(
      confirmed.map((each) => {
        const { value } = each;
        if (!backflushes(value)) return [each, (value.goodsMovements ?? []).map((movement) => given(movement))];
        return [each, components.get(componentsKey(alpha(value.order, 12), alpha(value.operation, 4))) ?? []];
      }),
    );
  }

  /** Components that SAP withdraws by itself when the operation is confirmed; those not known yet are read at once. */
  async #backflushed(
    wanted: readonly OperationKey[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, readonly Movement[]>> {
    const now = this.#clock.now();
    const unknown = wanted.filter(({ order, operation }) => {
      const known = this.#components.get(componentsKey(order, operation));
      return known === undefined || now - known.readAt >= COMPONENTS_MS;
    });
    const filters = unknown.map(({ order, operation }) => ({
      ManufacturingOrder: order,
      ManufacturingOrderOperation: operation,
    }));
    const entities = await readAny(this.#orders, "A_ProductionOrderComponent_3", filters, signal);
    const read = Map.groupBy(
      entities.filter((entity) => isBackflushed(entity)),
      (entity) =>
        componentsKey(
          textField(entity, "ManufacturingOrder") ?? "",
          textField(entity, "ManufacturingOrderOperation") ?? "",
        ),
    );
    for (const { order, operation } of unknown) {
      const key = componentsKey(order, operation);
      this.#remember(key, { readAt: now, movements: (read.get(key) ?? []).map((entity) => movementOf(entity)) });
    }
    return new Map(
      wanted.map(({ order, operation }) => {
        const key = componentsKey(order, operation);
        return [key, this.#components.get(key)?.movements ?? []];
      }),
    );
  }

  #remember(key: string, known: KnownComponents): void {
    const [oldest] = this.#components.keys();
    if (oldest !== undefined && this.#components.size >= MAX_COMPONENTS) this.#components.delete(oldest);
    this.#components.delete(key);
    this.#components.set(key, known);
  }
}

interface OperationKey {
  order: string;
  operation: string;
}

interface KnownComponents {
  readAt: number;
  movements: readonly Movement[];
}

/** Entities whose fields equal those of any of the keys, in as few calls as the length of a URL allows. */
async function readAny(
  service: ODataService,
  set: string,
  keys: readonly Readonly<Record<string, string>>[],
  signal: AbortSignal,
  expand?: string,
): Promise<Entity[]> {
  const filters = keys.map((key) => {
    const terms = Object.entries(key).map(([field, value]) => compare(field, "eq", stringLiteral(value)));
    return `(${terms.join(" and ")})`;
  });
  const found: Entity[] = [];
  for (let at = 0; at < filters.length; at += MAX_KEYS) {
    const $filter = filters.slice(at, at + MAX_KEYS).join(" or ");
    found.push(...(await service.readAll(set, { $filter, $expand: expand }, signal)));
  }
  return found;
}

function given({ movementType, material, plant, storageLocation, batch }: ConfirmedMovement): Movement {
  return {
    movementType,
    material,
    plant,
    ...(storageLocation !== undefined && { storageLocation }),
    ...(batch !== undefined && { batch }),
  };
}

/** Whether SAP makes goods movements of itself. */
function backflushes(value: OperationConfirmation): boolean {
  const hasOwn = value.goodsMovements !== undefined && value.goodsMovements.length > 0;
  return !hasOwn && value.noGoodsMovements !== true && !isNothing(value);
}

function componentsKey(order: string, operation: string): string {
  return `${order}/${operation}`;
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
