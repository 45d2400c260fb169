import type { Fault, Faults } from "./faults.ts";
import type { SapInspection } from "./inspection.ts";
import type { Plant, SapOrder, SapStock } from "./plant.ts";

interface Controlled {
  plant: Plant;
  faults: Faults;
  inspection: SapInspection;
}

/** Confirmations and documents that `/_state` shows; `/_state/keys` knows all. */
const STATE_ROWS = 100;

/**
 * The side door for demos and tests in other processes: `POST /_faults`, `DELETE /_faults`, `GET /_state`,
 * `GET /_state/keys`, `POST /_seed` with `{ orders, stock }`.
 */
export function answerControl(
  method: string,
  path: string,
  body: string,
  parts: Controlled,
): { status: number; body: object } {
  try {
    switch (`${method} ${path.split("?")[0] ?? ""}`) {
      case "POST /_faults":
        parts.faults.add(parseFault(body));
        return { status: 200, body: { faults: parts.faults.list() } };
      case "DELETE /_faults":
        parts.faults.clear();
        return { status: 200, body: { faults: [] } };
      case "POST /_seed":
        seed(parts.plant, parseSeed(body));
        return { status: 200, body: parts.inspection.counts() };
      case "GET /_state":
        return { status: 200, body: stateOf(parts) };
      case "GET /_state/keys":
        return { status: 200, body: keysOf(parts.inspection) };
      default:
        return { status: 404, body: { error: `The simulator has no ${method} ${path}.` } };
    }
  } catch (error) {
    return { status: 400, body: { error: error instanceof Error ? error.message : String(error) } };
  }
}

// The side door is for tests and demos of this repository; what does not fit fails where it is used.
function parseFault(body: string): Fault {
  return JSON.parse(body);
}

function parseSeed(body: string): { orders?: SapOrder[]; stock?: SapStock[] } {
  return JSON.parse(body);
}

function seed(plant: Plant, { orders = [], stock = [] }: { orders?: SapOrder[]; stock?: SapStock[] }): void {
  for (const order of orders) plant.addOrder(order);
  for (const each of stock) plant.setStock(each);
}

function stateOf({ faults, inspection }: Controlled): object {
  const confirmations = inspection.confirmations();
  const keys = keysOf(inspection);
  return {
    counts: inspection.counts(),
    requests: inspection.requests(),
    faults: faults.list(),
    /** Keys that stand more than once. */
    twice: {
      confirmations: moreThanOnce(keys.confirmations),
      materialDocuments: moreThanOnce(keys.materialDocuments),
    },
    confirmations: confirmations.slice(-STATE_ROWS),
    orders: inspection.orders().slice(-STATE_ROWS),
    stock: inspection.stock(),
    failedMovements: inspection.failedMovements().slice(-STATE_ROWS),
  };
}

/** How often each key of the hub stands. */
function keysOf(inspection: SapInspection): {
  confirmations: Record<string, number>;
  materialDocuments: Record<string, number>;
} {
  const confirmations: Record<string, number> = {};
  for (const { externalKey, reversed, reversal } of inspection.confirmations()) {
    if (externalKey !== null && !reversed && !reversal)
      confirmations[externalKey] = (confirmations[externalKey] ?? 0) + 1;
  }
  const materialDocuments: Record<string, number> = {};
  for (const { reference } of inspection.materialDocuments()) {
    if (reference !== "") materialDocuments[reference] = (materialDocuments[reference] ?? 0) + 1;
  }
  return { confirmations, materialDocuments };
}

function moreThanOnce(counts: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 1));
}
