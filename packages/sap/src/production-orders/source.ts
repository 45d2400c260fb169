import type { Clock, Fact, Intake, Log, Receipt, Source } from "@lineshaft/core";
import { createHash } from "node:crypto";
import { isObject } from "../json.ts";
import { navigated, nextOf, textField } from "../odata/service.ts";
import type { Entity, ODataService, Page } from "../odata/service.ts";
import { putBackMs } from "../plant-time.ts";
import { untilAborted } from "../until-aborted.ts";
import { COMPONENT_NAVIGATIONS, OPERATION_NAVIGATION, ORDERS, componentNavigationIn, orderQuery } from "./query.ts";
import { earlier, isStamp } from "./stamp.ts";
import { translateOrder } from "./translate.ts";
import type { OrderTerms, ReadOrder } from "./translate.ts";

export interface OrderSourceOptions {
  /** Name of the system; its cursor is kept under it. */
  system: string;
  service: ODataService;
  clock: Clock;
  log: Log;
  terms: OrderTerms;
  plants: readonly string[];
  everyMs: number;
  overlapMs: number;
  pageSize: number;
  since: string | undefined;
  contract: string;
}

/** Most versions of orders remembered so as not to hand them over again. */
const MAX_SEEN = 50_000;
/** Most versions told apart although SAP gave them the same stamp; three digits. */
const MAX_REVISIONS = 999;
/** Most further pages of one order's operations or components. */
const MAX_NESTED_PAGES = 100;
/** So long after the plant's clock was put back, SAP's stamps may be smaller than ones seen before, in ms. */
const PUT_BACK_MS = 4 * 60 * 60 * 1000;

/**
 * Polls released production orders with their operations and components.
 *
 * SAP stamps a change before it commits it, so each poll reads back some way behind what it has seen and hands over only
 * what is new. The version of a fact is SAP's stamp (`20260110060000`); of two different states with one stamp, changes
 * within the same second, the later one gets `.002` behind it. The cursor is saved when all before it is on disk.
 */
export class ProductionOrderSource implements Source {
  readonly #options: OrderSourceOptions;
  /** By order: what was handed over last. Its version is `base`, with the revision behind it from the second on. */
  readonly #seen = new Map<string, { stamp: string; base: string; revision: number; hash: string }>();

  constructor(options: OrderSourceOptions) {
    this.#options = options;
  }

  async run(intake: Intake, signal: AbortSignal): Promise<void> {
    try {
      await this.#poll(intake, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  async #poll(intake: Intake, signal: AbortSignal): Promise<void> {
    const { service, clock, everyMs, system } = this.#options;
    const componentNavigation = componentNavigationIn(await service.metadata(signal));
    const cursorName = `${system}/productionOrders`;
    let cursor = await this.#firstCursor(await intake.loadCursor(cursorName));
    while (!signal.aborted) {
      for await (const page of this.#pages(cursor, componentNavigation, signal)) {
        const last = await this.#record(page, intake, signal);
        if (last === undefined || (cursor !== undefined && last <= cursor)) continue;
        cursor = last;
        await intake.saveCursor(cursorName, cursor);
      }
      this.#forget(cursor);
      intake.listening();
      await clock.sleep(everyMs, signal);
    }
  }

  async #firstCursor(saved: string | undefined): Promise<string | undefined> {
    const start = saved ?? this.#options.since;
    if (start === undefined || isStamp(start)) return start;
    this.#options.log.warn(
      `The cursor ${String(start)} of ${this.#options.system} is no stamp of SAP; all orders are read anew.`,
    );
    return undefined;
  }

  /**
   * Pages of one poll. Each begins at the last stamp of the page before it, not at a number of rows: rows move while
   * they are read. Only within a single second, which may hold more than a page, rows are counted.
   */
  async *#pages(cursor: string | undefined, componentNavigation: string, signal: AbortSignal): AsyncGenerator<Page> {
    const { service, plants, pageSize } = this.#options;
    const onlyOpen = cursor === undefined;
    let since = cursor === undefined ? undefined : earlier(cursor, this.#overlapMs());
    let skip = 0;
    let next: string | undefined;
    while (!signal.aborted) {
      const query = orderQuery({ plants, onlyOpen, since, skip, pageSize, componentNavigation });
      const page =
        next === undefined ? await service.readPage(ORDERS, query, signal) : await service.readNext(next, signal);
      yield page;
      const last = textField(page.results.at(-1) ?? {}, "LastChangeDateTime");
      const full = page.next !== undefined || page.results.length >= pageSize;
      if (!full || last === undefined) return;
      if (last !== since) {
        [since, skip, next] = [last, 0, undefined];
      } else {
        skip += page.results.length;
        next = page.next;
      }
    }
  }

  /**
   * Hands over a page, its orders side by side: a page has no order twice.
   * @returns the last stamp of the page, once all before it is on disk
   */
  async #record(page: Page, intake: Intake, signal: AbortSignal): Promise<string | undefined> {
    let last: string | undefined;
    const recording: Promise<void>[] = [];
    for (const row of page.results) {
      const order = await this.#complete(row, signal);
      const stamp = textField(order, "LastChangeDateTime");
      const number = textField(order, "ManufacturingOrder");
      if (!isStamp(stamp) || number === undefined) {
        const { log, system } = this.#options;
        log.warn(`${system} sent an order without number or change stamp; it is left out.`, { number, stamp });
        continue;
      }
      last = stamp;
      recording.push(this.#recordOrder(number, stamp, order, intake));
    }
    await untilAborted(Promise.all(recording), signal);
    return last;
  }

  async #recordOrder(number: string, stamp: string, order: Entity, intake: Intake): Promise<void> {
    const hash = createHash("sha256").update(JSON.stringify(order)).digest("base64");
    const known = this.#seen.get(number);
    if (known?.stamp === stamp && known.hash === hash) return;
    // After the clock was put back, a newer change has an older stamp; it must not look older.
    const again = known !== undefined && (known.stamp === stamp || (stamp < known.base && this.#putBackMs() > 0));
    const base = again ? known.base : stamp;
    for (let revision = again ? known.revision + 1 : 1; revision <= MAX_REVISIONS; revision++) {
      const version = revision === 1 ? base : `${base}.${String(revision).padStart(3, "0")}`;
      const receipt = await intake.record(this.#fact({ version, order }, number));
      this.#logRefusal(receipt, number, version);
      this.#seen.delete(number);
      this.#seen.set(number, { stamp, base, revision, hash });
      // The same stamp with other content is a second change within that second, known from before a restart.
      if (receipt.kind !== "duplicate" || !receipt.differs) return;
    }
  }

  #fact(read: ReadOrder, number: string): Fact {
    const { contract, terms, service } = this.#options;
    return {
      contract,
      raw: JSON.stringify(read),
      translate: (body) => translateOrder(body, terms),
      origin: `${service.name}/${ORDERS}('${number}')`,
    };
  }

  #logRefusal(receipt: Receipt, number: string, version: string): void {
    if (receipt.kind !== "refused") return;
    const { log, system } = this.#options;
    log.warn(`Production order ${number} of ${system} was refused.`, { version, findings: receipt.findings });
  }

  /** The order with all of its operations and components, and without SAP's links and tags, which are not content. */
  async #complete(row: Entity, signal: AbortSignal): Promise<Entity> {
    const order = contentOf(row);
    for (const navigation of [OPERATION_NAVIGATION, ...COMPONENT_NAVIGATIONS]) {
      const results = navigated(order, navigation);
      let next = nextOf(row[navigation]);
      for (let pages = 0; next !== undefined && pages < MAX_NESTED_PAGES; pages++) {
        const page = await this.#options.service.readNext(next, signal);
        results.push(...page.results.map((each) => contentOf(each)));
        next = page.next;
      }
      if (results.length > 0) order[navigation] = { results };
    }
    return order;
  }

  #overlapMs(): number {
    return this.#options.overlapMs + this.#putBackMs();
  }

  #putBackMs(): number {
    const { clock, terms } = this.#options;
    return putBackMs(clock.now(), PUT_BACK_MS, terms.zoneOf(this.#options.plants[0]));
  }

  #forget(cursor: string | undefined): void {
    const oldest = cursor === undefined ? undefined : earlier(cursor, this.#overlapMs());
    for (const [number, { stamp }] of this.#seen) {
      const old = oldest !== undefined && stamp < oldest;
      if (old || this.#seen.size > MAX_SEEN) this.#seen.delete(number);
    }
  }
}

/** An entity without SAP's links and tags. */
function contentOf(entity: Entity): Entity {
  const kept = Object.entries(entity).filter(([name, value]) => name !== "__metadata" && !isDeferred(value));
  return Object.fromEntries(kept.map(([name, value]) => [name, isObject(value) ? collectionOf(value) : value]));
}

function collectionOf(value: Entity): Entity {
  const results: unknown = value["results"];
  if (!Array.isArray(results)) return contentOf(value);
  return { results: results.map((each: unknown) => (isObject(each) ? contentOf(each) : each)) };
}

function isDeferred(value: unknown): boolean {
  return isObject(value) && "__deferred" in value;
}
