import {
  type Found,
  type Item,
  type Operation,
  type Outcome,
  type Source,
  type System,
  type SystemDefinition,
  type Target,
  UnavailableError,
} from "@lineshaft/core";

/** What the other side of a test does with the next items. */
export type Behaviour<T> = (item: Item<T>, applied: boolean) => Outcome | undefined;

export interface MemoryOperationOptions {
  repeat: "repeatable" | "lookup";
  maxBatch?: number;
  settleMs?: number;
  conflicts?: (value: never) => string[];
  check?: (value: unknown) => ReturnType<Operation<unknown>["check"]>;
}

/** One applied effect, in the order in which the other side applied it. */
export interface Effect<T> {
  token: string;
  key: string;
  value: T;
}

/**
 * A system in this process, with one operation, whose every effect can be counted. It applies what it is sent, unless
 * it is told otherwise. It stands in for nothing: it is what tests of the engine send to.
 */
export class MemorySystem<T = unknown> {
  readonly definition: SystemDefinition;
  readonly operation: Operation<T>;
  readonly effects: Effect<T>[] = [];
  /** Batches as they came in. */
  readonly calls: Item<T>[][] = [];
  readonly lookups: string[] = [];
  /** Decides instead of the default; `undefined` leaves it to the default. Runs before anything is applied. */
  before: Behaviour<T> = () => undefined;
  /** Runs after the item was applied: what the answer says. */
  after: Behaviour<T> = () => undefined;
  /** Overrules the look-up. */
  find: (item: Item<T>) => Found | Promise<Found> | undefined = () => undefined;
  down = false;
  /** Holds each call until the promise it returns resolves. */
  hold: () => Promise<void> | undefined = () => undefined;
  #inFlight = 0;
  mostInFlight = 0;

  constructor(
    name: string,
    options: MemoryOperationOptions = { repeat: "repeatable" },
    more: Partial<SystemDefinition> & { sourcesOf?: () => Record<string, Source> } = {},
  ) {
    const { sourcesOf, ...definition } = more;
    this.definition = {
      name,
      connector: "memory",
      ...definition,
      open: () => Promise.resolve(this.#system(options, sourcesOf?.() ?? {})),
    };
    this.operation = { system: this.definition, name: "apply", schema: {}, check: options.check ?? (() => []) };
  }

  /** How often the effect of a token stands. */
  count(token: string): number {
    return this.effects.filter((e) => e.token === token).length;
  }

  #system(options: MemoryOperationOptions, sources: Record<string, Source>): System {
    return {
      targets: { apply: this.#target(options) },
      sources,
      check: () =>
        Promise.resolve(
          this.down ? { ok: false, message: `${this.definition.name} is down.`, next: "Start it." } : { ok: true },
        ),
      close: () => Promise.resolve(),
    };
  }

  #target({ repeat, maxBatch = 10, settleMs = 1_000, conflicts }: MemoryOperationOptions): Target<T> {
    return {
      repeat:
        repeat === "repeatable"
          ? { kind: "repeatable" }
          : { kind: "lookup", settleMs, find: (item) => this.#find(item) },
      maxBatch,
      ...(conflicts === undefined ? {} : { conflicts: (item: Item<T>) => conflicts(item.value as never) }),
      send: (items) => this.#send(items, repeat === "repeatable"),
    };
  }

  async #send(items: Item<T>[], recognises: boolean): Promise<Outcome[]> {
    this.calls.push([...items]);
    this.mostInFlight = Math.max(this.mostInFlight, ++this.#inFlight);
    try {
      await this.hold();
      if (this.down)
        throw new UnavailableError(`${this.definition.name} does not answer.`, { next: "It is tried again." });
      return items.map((item) => this.#apply(item, recognises));
    } finally {
      this.#inFlight--;
    }
  }

  #apply(item: Item<T>, recognises: boolean): Outcome {
    const known = recognises && this.count(item.token) > 0;
    const refused = this.before(item, known);
    if (refused !== undefined) return refused;
    if (!known) this.effects.push({ token: item.token, key: item.key, value: item.value });
    return this.after(item, known) ?? { kind: "done", receipt: `r-${item.token}`, ...(known ? { already: true } : {}) };
  }

  async #find(item: Item<T>): Promise<Found> {
    this.lookups.push(item.token);
    if (this.down)
      throw new UnavailableError(`${this.definition.name} does not answer.`, { next: "It is tried again." });
    const told = await this.find(item);
    if (told !== undefined) return told;
    return this.count(item.token) > 0 ? { kind: "found", receipt: `r-${item.token}` } : { kind: "absent" };
  }
}
