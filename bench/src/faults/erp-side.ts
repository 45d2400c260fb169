import type { Simulators } from "../erp/simulators.ts";
import type { StandingEffect, TargetSide } from "./target-side.ts";

/** Faults of the simulators that leave open what was applied, or apply nothing; see theirs for what each does. */
const ODOO_FAULTS = ["dropAnswer", "slow", "error500", "lockConflict", "lockTimeout", "rateLimit", "restart"] as const;
const SAP_FAULTS = [
  "dropAnswer",
  "dropRequest",
  "slow",
  "error500",
  "error500Applied",
  "lock",
  "rateLimit",
  "csrfExpired",
] as const;
const MOST_AT_ONCE = 3;
/** Longer than the hub waits for an answer. */
const SLOW_MS = 2_000;

export const ODOO_SYSTEM = "odoo";
export const SAP_SYSTEM = "s4";

/** Simulated Odoo and SAP as the other side of a round. */
export class ErpSide implements TargetSide {
  readonly #simulators: Simulators;
  /** What stood before the round: the simulators outlive it. */
  readonly #before: { odoo: ReadonlySet<string>; sap: number };
  #odooNext = true;

  private constructor(simulators: Simulators, before: { odoo: ReadonlySet<string>; sap: number }) {
    this.#simulators = simulators;
    this.#before = before;
  }

  static async open(simulators: Simulators): Promise<ErpSide> {
    const { odoo, sap } = await simulators.effects();
    return new ErpSide(simulators, { odoo: new Set(Object.keys(odoo)), sap: sap.length });
  }

  async effects(): Promise<Record<string, StandingEffect[]>> {
    const { odoo, sap } = await this.#simulators.effects();
    const completions = Object.entries(odoo)
      .filter(([token]) => !this.#before.odoo.has(token))
      .flatMap(([token, count]) => Array.from({ length: count }, () => ({ token, fact: "", quantity: "" })));
    return { [ODOO_SYSTEM]: completions, [SAP_SYSTEM]: sap.slice(this.#before.sap) };
  }

  async misbehave(random: () => number): Promise<void> {
    await this.behave();
    const draw = <T>(kinds: readonly T[]) =>
      Array.from({ length: Math.floor(random() * (MOST_AT_ONCE + 1)) }, () => ({
        fault: kinds[Math.floor(random() * kinds.length)],
        count: 1 + Math.floor(random() * 2),
        ms: Math.round(random() * SLOW_MS),
      }));
    for (const fault of draw(ODOO_FAULTS)) await this.#odoo("POST", fault);
    for (const fault of draw(SAP_FAULTS)) await this.#sap("POST", fault);
  }

  async behave(): Promise<void> {
    await this.#odoo("DELETE");
    await this.#sap("DELETE");
  }

  /** One of the two at a time, in turn. */
  async goAway(ms: number): Promise<void> {
    if (this.#odooNext) await this.#odoo("POST", { fault: "outage", ms });
    else this.#simulators.sapOffline(ms);
    this.#odooNext = !this.#odooNext;
  }

  #odoo(method: "POST" | "DELETE", fault?: object): Promise<void> {
    return ask(`${this.#simulators.access.odoo?.controlUrl ?? ""}/_faults`, method, fault);
  }

  #sap(method: "POST" | "DELETE", fault?: object): Promise<void> {
    return ask(`${this.#simulators.access.sap?.url ?? ""}/_faults`, method, fault);
  }
}

async function ask(url: string, method: string, body?: object): Promise<void> {
  try {
    const response = await fetch(url, { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    await response.text();
    if (!response.ok) throw new Error(`The simulator answered ${response.status} to ${JSON.stringify(body)}.`);
  } catch (error) {
    // While SAP is offline its side door is shut as well; its faults can wait.
    if (!(error instanceof TypeError)) throw error;
  }
}
