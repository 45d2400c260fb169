import type { Intake, Ledger, Receipt } from "@lineshaft/core";
import { openPostgresLedger } from "@lineshaft/ledger-postgres";
import { FakeClock, type Note, eventually, seededRandom, settled } from "@lineshaft/testing";
import { type Hub, type HubDefinition, openHub } from "../index.ts";

/** A worker of a test: a hub with a clock of its own, which may be wrong, and may stand still as a suspended process's does. */
export class TestWorker {
  readonly hub: Hub;
  readonly clock: FakeClock;
  suspended = false;

  constructor(hub: Hub, clock: FakeClock) {
    this.hub = hub;
    this.clock = clock;
  }

  get lanes(): number {
    return this.hub.status().worker.lanes;
  }

  get intake(): Intake {
    return this.hub.intake("mes");
  }

  record(note: Note): Promise<Receipt> {
    return this.intake.record({ contract: "note.v1", raw: JSON.stringify(note) });
  }
}

/** How far time goes on at each look. */
const STEP_MS = 100;

/** Several hubs on one real PostgreSQL, and a time that all of them share. */
export class WorkersBed implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly #url: string;
  readonly #definition: Omit<HubDefinition, "ledger" | "name">;
  #workers: TestWorker[] = [];
  #view: Ledger | undefined;
  /** Requests of workers to the ledger that are under way. */
  #requests = 0;

  constructor(url: string, definition: Omit<HubDefinition, "ledger" | "name">) {
    this.#url = url;
    this.#definition = definition;
  }

  /** `wrongMs`: how far this worker's clock is ahead. `listen`: whether it hears of what others do. `wrap` puts something before its ledger. */
  async start(
    name: string,
    { wrongMs = 0, listen = true, leaseMs = 10_000, wrap = (ledger: Ledger) => ledger } = {},
  ): Promise<TestWorker> {
    const clock = new FakeClock(this.clock.now() + wrongMs);
    const open = async () =>
      wrap(this.#counted(await openPostgresLedger({ url: this.#url, serverClock: this.clock, listen })));
    const ledger = { engine: "postgres", location: "test", open };
    const hub = await openHub(
      { name: "test", ledger, ...this.#definition },
      { clock, random: seededRandom(1), worker: name, leaseMs },
    );
    const worker = new TestWorker(hub, clock);
    this.#workers.push(worker);
    await hub.start();
    return worker;
  }

  /** To look at the ledger with, whatever becomes of the workers. */
  async ledger(): Promise<Ledger> {
    this.#view ??= await openPostgresLedger({ url: this.#url, serverClock: this.clock, listen: false });
    return this.#view;
  }

  /** Its process dies: nothing of it reaches the ledger any more, and its lease runs on. */
  async kill(worker: TestWorker): Promise<void> {
    this.#workers = this.#workers.filter((other) => other !== worker);
    await worker.hub.ledger.close();
  }

  async stop(worker: TestWorker): Promise<void> {
    await this.during(worker.hub.stop());
    this.#workers = this.#workers.filter((other) => other !== worker);
  }

  /** Lets time go on for the ledger and every worker that is not suspended, until the condition holds. */
  async until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
    await eventually(
      what,
      async () => {
        if (await condition()) return true;
        await this.pass(STEP_MS);
        return false;
      },
      () => this.#workers.map(({ hub }) => hub.status().worker),
    );
  }

  /** Lets time go on until the work has ended. */
  async during<T>(work: Promise<T>): Promise<T> {
    let ended = false;
    const end = () => (ended = true);
    work.then(end, end);
    await this.until("the work has ended", () => ended);
    return work;
  }

  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += STEP_MS) {
      const step = Math.min(STEP_MS, ms - passed);
      await this.clock.advance(step);
      for (const worker of this.#workers) if (!worker.suspended) await worker.clock.advance(step);
      // No time passes while the ledger is asked, however busy this machine is.
      do await settled();
      while (this.#requests > 0);
    }
  }

  #counted(ledger: Ledger): Ledger {
    return new Proxy(ledger, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== "function") return value;
        return (...given: unknown[]): unknown => {
          const result: unknown = Reflect.apply(value, target, given);
          if (!(result instanceof Promise)) return result;
          this.#requests++;
          return result.finally(() => this.#requests--);
        };
      },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const worker of this.#workers) worker.suspended = false;
    await this.during(Promise.all(this.#workers.map(({ hub }) => hub.stop())));
    await this.#view?.close();
  }
}
