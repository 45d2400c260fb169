import type { BegunItem, Clock, Intake, Item } from "@lineshaft/core";
import { ORDERS_NOTE_MS } from "./limits.ts";

/** What the worker that a gateway asks for orders writes down for the others. */
interface OrdersNote {
  /** The run of that worker's process. */
  run: string;
  /** ms since 1970, by the hub. */
  askedAt: number;
  /** What the gateway has stored of theirs, until they have settled it. An attempt of its own, so that no later one is meant. */
  stored: StoredItem[];
}

type StoredItem = Pick<BegunItem, "token" | "attempt">;

interface SharedOrdersOptions {
  gateway: string;
  /** Of this worker's process. */
  run: string;
  /** The systems whose orders go to the gateway. */
  systems: ReadonlySet<string>;
  intake: Pick<Intake, "loadCursor" | "saveCursor" | "others">;
  clock: Clock;
}

/**
 * Orders for one gateway that other workers of the hub have in hand. The worker that the gateway asks reads them from the
 * ledger, and notes there what is stored; each is settled by the worker that has its lane, which looks at the note.
 *
 * A note that is lost, or overwritten by another worker that the gateway came from, costs a repetition only: what is not
 * settled is handed out again, and the gateway knows its token.
 */
export class SharedOrders {
  readonly #o: SharedOrdersOptions;
  #stored: StoredItem[] = [];
  #notedAt = Number.NEGATIVE_INFINITY;

  constructor(options: SharedOrdersOptions) {
    this.#o = options;
  }

  /** Whether there are other workers at all. */
  get any(): boolean {
    return this.#o.intake.others !== undefined;
  }

  /**
   * What others have for the gateway, which asks here, and has not stored: as it stands now, because what was settled before
   * the gateway asked must not come after what follows it.
   */
  async waiting({ but, limit }: { but: ReadonlySet<string>; limit: number }): Promise<Item<unknown>[]> {
    const { intake, systems, clock } = this.#o;
    const { others } = intake;
    if (others === undefined) return [];
    if (clock.now() - this.#notedAt >= ORDERS_NOTE_MS) await this.#note();
    const begun = (await Promise.all([...systems].map((system) => others.begun(system)))).flat();
    this.#stored = this.#stored.filter((stored) => begun.some((item) => isSame(item, stored)));
    const fresh = begun.filter((item) => !but.has(item.token) && !this.#stored.some((stored) => isSame(item, stored)));
    return fresh.length === 0 ? [] : others.items(fresh.slice(0, limit));
  }

  /** The gateway says that it has stored these. */
  async tell(items: readonly StoredItem[]): Promise<void> {
    if (items.length === 0) return;
    this.#stored.push(...items.map(({ token, attempt }) => ({ token, attempt })));
    await this.#note();
  }

  /** What the worker that the gateway asks wrote down last; undefined when there is no other one. */
  async read(): Promise<OrdersNote | undefined> {
    if (!this.any) return undefined;
    const value = await this.#o.intake.loadCursor(this.#name);
    return value === undefined ? undefined : (JSON.parse(value) as OrdersNote);
  }

  get #name(): string {
    return `orders:${this.#o.gateway}`;
  }

  async #note(): Promise<void> {
    const { run, intake, clock } = this.#o;
    const note: OrdersNote = { run, askedAt: clock.now(), stored: this.#stored };
    await intake.saveCursor(this.#name, JSON.stringify(note));
    this.#notedAt = note.askedAt;
  }
}

export function isSame(a: StoredItem, b: StoredItem): boolean {
  return a.token === b.token && a.attempt === b.attempt;
}
