import type { Clock, Ledger, Reference } from "@lineshaft/core";

/** Objects remembered of each contract; the oldest are forgotten first. */
const REMEMBERED = 10_000;
/** How long one is believed without asking the ledger, in ms: another worker may have learned of a newer version. */
const BELIEVED_MS = 15_000;
/** Objects whose newest state is read at once, at most. */
const READ_TOGETHER = 500;

/** Most times that rules may ask for more. */
const ROUNDS = 3;

type Sources = readonly string[] | undefined;

interface Known {
  object: string;
  payload: unknown;
  /** Not believed any more from then on; 0 while it is being read. */
  until: number;
  reading: PromiseWithResolvers<void>;
}

/** The newest known state of the objects that rules ask for, without a read for every fact. */
export class KnownObjects {
  readonly #ledger: Ledger;
  readonly #clock: Clock;
  /** By whose facts they are known, then by contract: a joined key would have to be made and hashed for every question. */
  readonly #known = new Map<Sources, Map<string, ObjectsOfContract>>();

  constructor(ledger: Ledger, clock: Clock) {
    this.#ledger = ledger;
    this.#clock = clock;
  }

  /**
   * Runs rules with what they ask for. What is remembered is answered at once and without a promise; what is not is read,
   * and the rules run again (a completion names its order, and only the order names its product). `sources`: only what these
   * said counts; always the same list for the same sources.
   */
  answer<T>(rules: (known: (reference: Reference) => unknown) => T, sources?: Sources): T | Promise<T> {
    const { result, missed } = this.#run(rules, sources);
    return missed.length === 0 ? result : this.#readAndAnswer(rules, sources, missed, 1);
  }

  async #readAndAnswer<T>(
    rules: (known: (reference: Reference) => unknown) => T,
    sources: Sources,
    wanted: readonly Reference[],
    round: number,
  ): Promise<T> {
    await Promise.all(wanted.map(({ contract, object }) => this.#objects(contract, sources).read(object)));
    const { result, missed } = this.#run(rules, sources);
    return missed.length === 0 || round >= ROUNDS ? result : this.#readAndAnswer(rules, sources, missed, round + 1);
  }

  #run<T>(rules: (known: (reference: Reference) => unknown) => T, sources: Sources) {
    const missed: Reference[] = [];
    const now = this.#clock.now();
    const byContract = this.#known.get(sources);
    const result = rules((reference) => {
      const known = byContract?.get(reference.contract)?.remembered(reference.object, now);
      if (known === undefined) missed.push(reference);
      return known?.payload;
    });
    return { result, missed };
  }

  /** Call when a newer state of an object was accepted. */
  forget({ contract, object }: Reference): void {
    for (const byContract of this.#known.values()) byContract.get(contract)?.forget(object);
  }

  #objects(contract: string, sources: Sources): ObjectsOfContract {
    let byContract = this.#known.get(sources);
    if (byContract === undefined) this.#known.set(sources, (byContract = new Map()));
    let objects = byContract.get(contract);
    if (objects === undefined)
      byContract.set(
        contract,
        (objects = new ObjectsOfContract(
          async (wanted) => this.#ledger.latest({ contract, objects: wanted, sources }),
          this.#clock,
        )),
      );
    return objects;
  }
}

/** What is known of the objects of one contract. One read at a time: what is asked for meanwhile is read together afterwards. */
class ObjectsOfContract {
  readonly #latest: (objects: readonly string[]) => Promise<Map<string, string>>;
  readonly #clock: Clock;
  readonly #known = new Map<string, Known>();
  #wanted: Known[] = [];
  #reading = false;

  constructor(latest: (objects: readonly string[]) => Promise<Map<string, string>>, clock: Clock) {
    this.#latest = latest;
    this.#clock = clock;
  }

  remembered(object: string, now: number): Known | undefined {
    const known = this.#known.get(object);
    return known !== undefined && known.until > now ? known : undefined;
  }

  forget(object: string): void {
    this.#known.delete(object);
  }

  /** Facts that come together and ask for the same share one answer. */
  read(object: string): Promise<void> {
    const known = this.#known.get(object);
    if (known !== undefined && (known.until === 0 || known.until > this.#clock.now())) return known.reading.promise;
    const fresh: Known = { object, payload: undefined, until: 0, reading: Promise.withResolvers() };
    this.#known.delete(object);
    this.#known.set(object, fresh);
    if (this.#known.size > REMEMBERED) this.#known.delete(this.#known.keys().next().value ?? "");
    this.#wanted.push(fresh);
    if (!this.#reading) {
      this.#reading = true;
      // After all that was handed over in this turn.
      queueMicrotask(() => void this.#readWanted());
    }
    return fresh.reading.promise;
  }

  async #readWanted(): Promise<void> {
    while (this.#wanted.length > 0) {
      const together = this.#wanted.splice(0, READ_TOGETHER);
      try {
        this.#learn(together, await this.#latest(together.map(({ object }) => object)));
      } catch (error) {
        for (const known of together) {
          if (this.#known.get(known.object) === known) this.#known.delete(known.object);
          known.reading.reject(error);
        }
      }
    }
    this.#reading = false;
  }

  #learn(read: readonly Known[], found: ReadonlyMap<string, string>): void {
    const until = this.#clock.now() + BELIEVED_MS;
    for (const known of read) {
      const canonical = found.get(known.object);
      known.payload = canonical === undefined ? undefined : JSON.parse(canonical);
      known.until = until;
      known.reading.resolve();
    }
  }
}
