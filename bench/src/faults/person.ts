import { type Ledger, LineshaftError, type StoredDelivery, systemClock } from "@lineshaft/core";
import { type HubDefinition, confirm, drop, editAndResend, resend } from "@lineshaft/engine";
import { REFUSED_NOTE } from "./peer-flow.ts";
import { Standing } from "./standing.ts";
import type { TargetSide } from "./target-side.ts";
import type { Violations } from "./violations.ts";

const PAGE = 500;
/** A person does not look before this: what is under way may still be applied, in ms. */
const LOOK_AFTER_MS = 1_500;
const WHO = "campaign";

/** Does what people do with what is parked, from a process of their own, while the hub runs or does not. */
export class Person {
  readonly #definition: HubDefinition;
  readonly #side: TargetSide;
  readonly #violations: Violations;
  readonly #random: () => number;
  acts = 0;

  constructor(options: { definition: HubDefinition; side: TargetSide; violations: Violations; random: () => number }) {
    this.#definition = options.definition;
    this.#side = options.side;
    this.#violations = options.violations;
    this.#random = options.random;
  }

  async visit(): Promise<void> {
    await using ledger = await this.#definition.ledger.open({ clock: systemClock });
    const parked = await ledger.deliveries({ states: ["parked"], limit: PAGE });
    if (parked.length === 0) return;
    const standing = new Standing(await this.#side.effects());
    for (const delivery of parked) {
      this.#mustExplain(delivery);
      const token = `${ledger.id}-${delivery.id.toString(36)}`;
      const fact = (await ledger.message(delivery.message))?.sourceId ?? "";
      const stands = standing.of(delivery.system, { token, fact }).length > 0;
      try {
        await this.#act(ledger, delivery, stands);
      } catch (error) {
        // The hub, or a start of it, was quicker.
        if (!(error instanceof LineshaftError) || error.code !== "wrong-state") throw error;
      }
    }
  }

  async #act(ledger: Ledger, { id, parking, since, message }: StoredDelivery, stands: boolean): Promise<void> {
    const by = { who: WHO, at: Date.now(), delivery: id };
    if (parking?.reason === "mapping") await drop(ledger, { ...by, why: "It cannot be mapped." });
    else if (parking?.reason === "peer-refused" && this.#random() < 0.5)
      await drop(ledger, { ...by, why: "It is refused for good." });
    else if (parking?.reason === "peer-refused") await this.#correct(ledger, id, message);
    else if (Date.now() - since < LOOK_AFTER_MS) return;
    else if (stands) await confirm(ledger, { ...by, why: "It stands.", receipt: "seen" });
    else await resend(ledger, { ...by, why: "It does not stand." });
    this.acts++;
  }

  async #correct(ledger: Ledger, delivery: number, message: number): Promise<void> {
    const stored = await ledger.message(message);
    if (stored === undefined) return;
    const payload = JSON.parse(stored.canonical) as { note?: string };
    if (payload.note === REFUSED_NOTE) payload.note = "corrected";
    const { edited } = await editAndResend(ledger, this.#definition, {
      who: WHO,
      why: "Corrected with the shop floor.",
      at: Date.now(),
      delivery,
      canonical: payload,
    });
    if (!edited) this.#violations.add(`Delivery ${delivery} could not be corrected and resent.`);
  }

  #mustExplain({ id, parking, system }: StoredDelivery): void {
    const { reason, message, next, owner } = parking ?? { reason: "", message: "", next: "", owner: "" };
    if ([reason, message, next, owner].includes(""))
      this.#violations.add(
        `Delivery ${id} to ${system} is parked without saying why or what to do: ${JSON.stringify(parking)}`,
      );
  }
}
