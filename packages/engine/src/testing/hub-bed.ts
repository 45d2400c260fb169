import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DeliveryState, Intake, Ledger, Receipt } from "@lineshaft/core";
import { openSqliteLedger } from "@lineshaft/ledger-sqlite";
import { FakeClock, type Note, eventually, seededRandom } from "@lineshaft/testing";
import { type Hub, type HubDefinition, openHub } from "../index.ts";

/** A hub of a test, on a real ledger in a temporary folder and a clock that is advanced. */
export class HubBed implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), "lineshaft-hub-"));
  readonly clock = new FakeClock();
  hub: Hub | undefined;
  readonly #definition: Omit<HubDefinition, "ledger" | "name">;

  constructor(definition: Omit<HubDefinition, "ledger" | "name">) {
    this.#definition = definition;
  }

  get path(): string {
    return join(this.folder, "ledger.db");
  }

  get ledger(): Ledger {
    if (this.hub === undefined) throw new Error("no hub runs");
    return this.hub.ledger;
  }

  /** `wrap` puts something between the engine and the ledger: a crash, a fault. */
  async start(wrap: (ledger: Ledger) => Ledger = (ledger) => ledger): Promise<Hub> {
    const ledger = {
      engine: "sqlite",
      location: this.path,
      open: async () => wrap(await openSqliteLedger({ path: this.path, clock: this.clock })),
    };
    const hub = await openHub(
      { name: "test", ledger, ...this.#definition },
      { clock: this.clock, random: seededRandom(1) },
    );
    this.hub = hub;
    await hub.start();
    return hub;
  }

  /** The process dies: nothing of the engine goes on, nothing is written any more. The file is as it was. */
  async crash(): Promise<void> {
    await this.ledger.close();
    this.hub = undefined;
  }

  async stop(): Promise<void> {
    await this.hub?.stop();
    this.hub = undefined;
  }

  get intake(): Intake {
    if (this.hub === undefined) throw new Error("no hub runs");
    return this.hub.intake("mes");
  }

  record(note: Note): Promise<Receipt> {
    return this.intake.record({ contract: "note.v1", raw: JSON.stringify(note) });
  }

  async states(): Promise<Record<string, DeliveryState>> {
    const deliveries = await this.ledger.deliveries({ limit: 1_000 });
    const messages = await this.ledger.messages({ limit: 1_000 });
    return Object.fromEntries(
      deliveries.map((d) => [`${messages.find((m) => m.id === d.message)?.sourceId ?? "?"}→${d.system}`, d.state]),
    );
  }

  /** Waits, without time passing, until all deliveries are in one of these states. */
  async until(...states: DeliveryState[]): Promise<void> {
    let stood: string[] = [];
    const settled = async () => {
      stood = (await this.ledger.deliveries({ limit: 1_000 })).map((d) => d.state);
      return stood.every((state) => states.includes(state as DeliveryState));
    };
    await eventually(`deliveries ${states.join(" or ")}`, settled, () => stood);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
