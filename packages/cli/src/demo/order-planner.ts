import type { MesOrder } from "@lineshaft/simulators";
import type { MachineView, PressLineMachine } from "@lineshaft/simulators/plant";

/** What each machine of the line makes. */
const products: Readonly<Record<PressLineMachine, string>> = {
  "PRESS-11": "PUMP-100",
  "PRESS-12": "PUMP-200",
  "TESTER-3": "VALVE-50",
  "PACKER-4": "VALVE-50",
};

/** Work centers of the line, as the systems have to know them. */
export const lineWorkCenters = Object.keys(products);

/** Orders at each machine and on their way to it: enough for some minutes without a link. */
const ORDERS_AHEAD = 8;
const FIRST_NUMBER = 5_000_001;
const PIECES = { least: 10, most: 20 };

export interface OrderPlannerOptions {
  /** Orders of earlier starts. */
  orders: readonly MesOrder[];
  random: () => number;
  /** Releases an order in the systems of the office. */
  release: (order: MesOrder) => void;
}

/** Plans the line from the office: each machine has some orders ahead of it. */
export class OrderPlanner {
  readonly #o: OrderPlannerOptions;
  readonly #orders: MesOrder[];
  /** Released and not yet seen at the line. */
  readonly #underWay = new Set<MesOrder>();

  constructor(options: OrderPlannerOptions) {
    this.#o = options;
    this.#orders = [...options.orders];
  }

  /** All orders of the line so far. */
  get orders(): readonly MesOrder[] {
    return this.#orders;
  }

  /** Looks at the machines and releases what they will need. */
  look(machines: readonly MachineView[]): void {
    for (const { name, order, waiting } of machines) {
      const there = new Set([order, ...waiting]);
      for (const sent of this.#underWay) if (there.has(sent.productionOrder)) this.#underWay.delete(sent);
      const coming = [...this.#underWay].filter(({ workCenter }) => workCenter === name).length;
      const has = waiting.length + (order === "" ? 0 : 1) + coming;
      for (let n = has; n < ORDERS_AHEAD; n++) this.#releaseFor(name);
    }
  }

  #releaseFor(machine: PressLineMachine): void {
    const number =
      Math.max(FIRST_NUMBER - 1, ...this.#orders.map(({ productionOrder }) => Number(productionOrder))) + 1;
    const { least, most } = PIECES;
    const order: MesOrder = {
      productionOrder: String(number),
      product: products[machine],
      quantity: String(least + Math.floor(this.#o.random() * (most - least + 1))),
      operation: "0010",
      workCenter: machine,
    };
    this.#orders.push(order);
    this.#underWay.add(order);
    this.#o.release(order);
  }
}
