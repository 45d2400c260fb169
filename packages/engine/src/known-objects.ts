import type { Clock, Ledger, Reference } from "@lineshaft/core";

/** Objects remembered of each contract; the oldest are forgotten first. */
const REMEMBERED = 10_000;
/** How long one is believed without asking the ledger, in ms: another worker may have learned of a newer version. */
const BELIEVED_MS = 15_000;

/** Most times that rules may ask for more. */
const ROUNDS = 3;

/** By contract, then by object: a joined key would have to be made and hashed for every question. */
type Objects = Map<string, Map<string, Known>>;
type Sources = readonly string[] | undefined;

interface Known {
  payload: unknown;
  /** Not believed any more from then on; 0 while it is being read. */
  until: number;
  reading: Promise<void>;
}

/** The newest known state of the objects that rules ask for, without a read for every fact. */
export class KnownObjects {
  readonly #ledger: Ledger;
  readonly #clock: Clock;
  /** By whose facts they are known. */
  readonly #known = new Map<Sources, Objects>();

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
    const missed: Reference[] = [];
    const now = this.#clock.now();
    const known = this.#knownBy(sources);
    const result = rules((reference) => remembered(known, reference, missed, now));
    return missed.length === 0 ? result : this.#readAndAnswer(rules, sources, missed, 1);
  }

  async #readAndAnswer<T>(
    rules: (known: (reference: Reference) => unknown) => T,
    sources: Sources,
    wanted: readonly Reference[],
    round: number,
  ): Promise<T> {
    for (const reference of wanted) await this.#read(reference, sources);
    const missed: Reference[] = [];
    const now = this.#clock.now();
    const known = this.#knownBy(sources);
    const result = rules((reference) => remembered(known, reference, missed, now));
    return missed.length === 0 || round >= ROUNDS ? result : this.#readAndAnswer(rules, sources, missed, round + 1);
  }

  #knownBy(sources: Sources): Objects {
    let known = this.#known.get(sources);
    if (known === undefined) this.#known.set(sources, (known = new Map()));
    return known;
  }

  /** Call when a newer state of an object was accepted. */
  forget(reference: Reference): void {
    for (const known of this.#known.values()) known.get(reference.contract)?.delete(reference.object);
  }

  /** Facts that come together and ask for the same share one read. */
  #read(reference: Reference, sources: Sources): Promise<void> {
    const { contract, object } = reference;
    const byContract = this.#knownBy(sources);
    let objects = byContract.get(contract);
    if (objects === undefined) byContract.set(contract, (objects = new Map()));
    const known = objects.get(object);
    if (known !== undefined && (known.until === 0 || known.until > this.#clock.now())) return known.reading;
    const fresh: Known = { payload: undefined, until: 0, reading: Promise.resolve() };
    fresh.reading = this.#fill(fresh, reference, sources).catch((error: unknown) => {
      if (objects.get(object) === fresh) objects.delete(object);
      throw error;
    });
    objects.delete(object);
    objects.set(object, fresh);
    if (objects.size > REMEMBERED) objects.delete(objects.keys().next().value ?? "");
    return fresh.reading;
  }

  async #fill(known: Known, { contract, object }: Reference, sources: Sources): Promise<void> {
    const canonical = await this.#ledger.latest(contract, object, sources);
    known.payload = canonical === undefined ? undefined : JSON.parse(canonical);
    known.until = this.#clock.now() + BELIEVED_MS;
  }
}

function remembered(objects: Objects, reference: Reference, missed: Reference[], now: number): unknown {
  const known = objects.get(reference.contract)?.get(reference.object);
  if (known !== undefined && known.until > now) return known.payload;
  missed.push(reference);
  return undefined;
}
