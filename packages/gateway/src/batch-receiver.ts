import { type Clock, type Fact, type Intake, LineshaftError, type Log, explain } from "@lineshaft/core";
import { GAP_CONTRACT, gapText } from "./gap.ts";
import { type Answer, type Batch, factOfWire } from "./wire.ts";

/** Up to which number of which epoch a gateway's facts are on disk here. */
interface Place {
  epoch: string;
  through: number;
}

/** A gateway's clock that is off by less is taken as it is, in ms: a batch takes its time on the way. */
const CLOCKS_APART_MS = 120_000;
/** When the hub cannot store just now, a gateway is asked to come back after this, in ms. */
const LATER_MS = 2_000;

/** Takes batches of one gateway into the hub, one after the other, each fact once and in order. */
export class BatchReceiver {
  readonly #gateway: string;
  readonly #intake: Intake;
  readonly #clock: Clock;
  readonly #log: Log;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: { gateway: string; intake: Intake; clock: Clock; log: Log }) {
    this.#gateway = options.gateway;
    this.#intake = options.intake;
    this.#clock = options.clock;
    this.#log = options.log;
  }

  /** From which number on facts of this epoch are needed. */
  async place(epoch: string): Promise<Answer> {
    const place = this.#placeOf(await this.#intake.loadCursor(this.#gateway));
    return this.#need(place?.epoch === epoch ? place.through : 0);
  }

  take(batch: Batch): Promise<Answer> {
    const mine = this.#turn.then(() => this.#take(batch));
    this.#turn = mine.catch(() => undefined);
    return mine;
  }

  async #take(batch: Batch): Promise<Answer> {
    const { epoch, first, last, sentAt } = batch.head;
    const now = this.#clock.now();
    const aheadMs = Math.abs(sentAt - now) < CLOCKS_APART_MS ? 0 : sentAt - now;
    const clock = { now, aheadMs };
    // Read each time: after a pause of this process, another worker may have taken some.
    const stored = await this.#intake.loadCursor(this.#gateway);
    const place = this.#placeOf(stored);
    const through = place?.epoch === epoch ? place.through : 0;
    if (first > through + 1) return this.#need(through);
    if (last <= through) return { kind: "accepted", through, now: this.#clock.now() };
    try {
      if (place !== undefined && place.epoch !== epoch) await this.#tellEpoch(place, epoch);
      await this.#record(
        batch.facts.filter(({ n }) => n > through).map((fact) => factOfWire(this.#gateway, fact, clock)),
        { epoch, through: last },
        stored,
      );
    } catch (error) {
      return {
        kind: "later",
        message: `The hub cannot store just now. ${explain(error)}`,
        retryAfterMs: LATER_MS,
        now: this.#clock.now(),
      };
    }
    return { kind: "accepted", through: last, now: this.#clock.now() };
  }

  /**
   * The place is stored with the last fact, which is handed over when all before it are on disk. It moves only from where it
   * stood when the batch was looked at: if another worker took the batch meanwhile, these facts are known, and the place stays.
   */
  async #record(facts: readonly Fact[], place: Place, stored = ""): Promise<void> {
    const last = facts.at(-1);
    if (last === undefined) throw new Error("A batch that is not known yet has a fact.");
    const cursor = { name: this.#gateway, value: JSON.stringify(place), after: stored };
    const before = await Promise.allSettled(facts.slice(0, -1).map((fact) => this.#intake.record(fact)));
    for (const outcome of before) if (outcome.status === "rejected") throw outcome.reason;
    await this.#intake.record({ ...last, cursor });
  }

  async #tellEpoch(before: Place, epoch: string): Promise<void> {
    const now = this.#clock.now();
    this.#log.warn("a gateway comes with a new buffer", { gateway: this.#gateway, before: before.through });
    const description = `Gateway ${this.#gateway} counts its facts anew, after number ${before.through}: its buffer was made anew or lost its end. Facts that it had not sent before may be missing.`;
    const raw = gapText(this.#gateway, { id: `epoch.${epoch}`, at: now, from: now, to: now, description });
    await this.#intake.record({ contract: GAP_CONTRACT, raw, scope: this.#gateway, origin: "hub" });
  }

  #need(through: number): Answer {
    return { kind: "need", from: through + 1, now: this.#clock.now() };
  }

  #placeOf(value: string | undefined): Place | undefined {
    if (value === undefined) return undefined;
    const place: unknown = JSON.parse(value);
    if (isPlace(place)) return place;
    throw new LineshaftError("ledger-damaged", `The place of gateway ${this.#gateway} in the ledger cannot be read.`, {
      next: "Restore the ledger from a backup.",
    });
  }
}

function isPlace(value: unknown): value is Place {
  return typeof value === "object" && value !== null && "epoch" in value && "through" in value;
}
