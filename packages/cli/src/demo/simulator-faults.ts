import type { Clock, Timer } from "@lineshaft/core";
import type { FaultOffer, FaultSwitchboard, PlantView } from "@lineshaft/server";
import type { OdooSimulator, SapSimulator } from "@lineshaft/simulators";
import type { DemoBroker } from "./broker.ts";
import { HALL, type Hall } from "./hall.ts";

/** How long an injected fault lasts, in ms. */
const FAULT_MS = 20_000;
/** How much longer a slow answer takes, in ms. */
const SLOW_MS = 3_000;

interface Fault {
  system: string;
  fault: string;
  title: string;
  effect: string;
  begin(): void;
}

/** What the page's buttons do to the demo's simulators and broker. Each fault ends by itself, but for a cut link. */
export class SimulatorFaults implements FaultSwitchboard, Disposable {
  readonly #faults: readonly Fault[];
  readonly #ends: Readonly<Record<string, () => void>>;
  readonly #clock: Clock;
  readonly #hall: Hall;
  readonly #active = new Map<Fault, { until: number; timer: Timer }>();

  constructor({
    odoo,
    sap,
    broker,
    hall,
    clock,
  }: {
    odoo: OdooSimulator;
    sap: SapSimulator;
    broker: DemoBroker;
    hall: Hall;
    clock: Clock;
  }) {
    this.#clock = clock;
    this.#hall = hall;
    this.#faults = [...odooFaults(odoo), ...sapFaults(sap), brokerFault(broker)];
    this.#ends = {
      odoo: () => void odoo.clearFaults(),
      s4: () => {
        sap.clearFaults();
        void sap.goOnline();
      },
      "shop-floor": () => void broker.comeBack(),
    };
  }

  offers(): FaultOffer[] {
    const offers = this.#faults.map((fault) => {
      const { system, title, effect } = fault;
      const active = this.#active.get(fault);
      return { system, fault: fault.fault, title, effect, ...(active && { activeUntil: active.until }) };
    });
    return [...offers, linkOffer(this.#hall)];
  }

  plant(): PlantView {
    return this.#hall.view();
  }

  inject(system: string, name: string): void {
    if (system === HALL) return this.#hall.cut();
    const fault = this.#faults.find((f) => f.system === system && f.fault === name);
    if (fault === undefined) return;
    this.#active.get(fault)?.timer.cancel();
    fault.begin();
    const until = this.#clock.now() + FAULT_MS;
    this.#active.set(fault, { until, timer: this.#clock.after(FAULT_MS, () => this.clear(system)) });
  }

  /** Ends all faults of a system: its simulator cannot end them one by one. */
  clear(system: string): void {
    if (system === HALL) return this.#hall.heal();
    for (const [fault, { timer }] of this.#active)
      if (fault.system === system) {
        timer.cancel();
        this.#active.delete(fault);
      }
    this.#ends[system]?.();
  }

  [Symbol.dispose](): void {
    for (const { timer } of this.#active.values()) timer.cancel();
  }
}

function odooFaults(odoo: OdooSimulator): Fault[] {
  const fault = (name: string, title: string, effect: string, begin: () => unknown): Fault => ({
    system: "odoo",
    fault: name,
    title,
    effect,
    begin: () => void begin(),
  });
  return [
    fault(
      "outage",
      "Go away",
      "Odoo refuses every connection. The hub keeps what comes in and goes on when it is back.",
      () => odoo.addFault({ fault: "outage" }),
    ),
    fault(
      "drop-answer",
      "Do the work, lose the answer",
      "Odoo books and cuts the connection before it answers. The hub looks before it sends again.",
      () => odoo.addFault({ fault: "dropAnswer", count: 5 }),
    ),
    fault("slow", "Answer slowly", "Each answer takes 3 s longer. SAP does not wait for it.", () =>
      odoo.addFault({ fault: "slow", ms: SLOW_MS }),
    ),
    fault("lock", "Lock rows", "Odoo gives up over locked rows. The hub tries again a little later.", () =>
      odoo.addFault({ fault: "lockConflict", count: 10 }),
    ),
    fault("throttle", "Throttle", "Odoo answers 429 and asks to come back in 5 s. The hub does.", () =>
      odoo.addFault({ fault: "rateLimit", ms: 5_000 }),
    ),
  ];
}

function sapFaults(sap: SapSimulator): Fault[] {
  const fault = (name: string, title: string, effect: string, begin: () => unknown): Fault => ({
    system: "s4",
    fault: name,
    title,
    effect,
    begin: () => void begin(),
  });
  return [
    fault("outage", "Go away", "SAP refuses every connection. Odoo gets its facts meanwhile.", () => sap.goOffline()),
    fault(
      "drop-answer",
      "Do the work, lose the answer",
      "SAP posts and cuts the connection before it answers. The hub looks its own key up.",
      () => sap.fault({ fault: "dropAnswer", count: 5 }),
    ),
    fault("slow", "Answer slowly", "Each answer takes 3 s longer.", () =>
      sap.fault({ fault: "slow", ms: SLOW_MS, count: 100 }),
    ),
    fault("lock", "Lock the orders", "Somebody has the orders open in SAP. The hub tries again a little later.", () =>
      sap.fault({ fault: "lock", count: 10 }),
    ),
    fault(
      "session",
      "Forget all sessions",
      "SAP forgets tokens and cookies. The hub signs in again, once for all.",
      () => sap.fault({ fault: "csrfExpired" }),
    ),
  ];
}

function linkOffer({ cutSince }: Hall): FaultOffer {
  return {
    system: HALL,
    fault: "cut-link",
    title: "Cut the plant's link",
    effect:
      "Nothing passes between gateway and hub, and nobody is told. The machines go on, and the gateway keeps what they count.",
    ...(cutSince !== undefined && { activeSince: cutSince }),
    endTitle: "Heal the plant's link",
    endEffect: "The link of hall 2 is back. The gateway sends what it kept, in order, and each count arrives once.",
  };
}

function brokerFault(broker: DemoBroker): Fault {
  return {
    system: "shop-floor",
    fault: "outage",
    title: "Stop the MQTT broker",
    effect: "The broker is gone. The plant keeps its messages and sends them when it is back.",
    begin: () => void broker.goAway(),
  };
}
