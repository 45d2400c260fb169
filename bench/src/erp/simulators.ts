import { type Child, beside, startChild } from "../child.ts";
import type { SeedOrders, SimulatorsOptions, SimulatorsOrder, SimulatorsWord } from "./simulators-protocol.ts";

/** Simulated Odoo and SAP in their own process. */
export class Simulators implements AsyncDisposable {
  readonly access: SimulatorsWord["ready"];
  readonly #child: Child<SimulatorsWord>;

  private constructor(child: Child<SimulatorsWord>, access: SimulatorsWord["ready"]) {
    this.#child = child;
    this.access = access;
  }

  static async start(options: SimulatorsOptions): Promise<Simulators> {
    const child = startChild<SimulatorsWord>(beside(import.meta.url, "simulators-process"), options);
    return new Simulators(child, await child.hear("ready"));
  }

  async seed(seed: SeedOrders): Promise<void> {
    const seeded = this.#child.hear("seeded");
    this.#say({ order: "seed", seed });
    await seeded;
  }

  effects(): Promise<SimulatorsWord["effects"]> {
    const heard = this.#child.hear("effects");
    this.#say({ order: "effects" });
    return heard;
  }

  /** SAP refuses connections for a while. */
  sapOffline(ms: number): void {
    this.#say({ order: "offline", ms });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#child.kill();
  }

  #say(order: SimulatorsOrder): void {
    this.#child.say(order);
  }
}
