import { LineshaftError } from "@lineshaft/core";
import type { Health, System, SystemContext } from "@lineshaft/core";
import { HttpSession } from "./odata/http-session.ts";
import { ODataService } from "./odata/service.ts";
import { confirmOperationTarget } from "./operations/confirm-operation.ts";
import { MovementCheck } from "./operations/movement-check.ts";
import { goodsMovementTarget } from "./operations/post-goods-movement.ts";
import { ProductionOrderSource } from "./production-orders/source.ts";
import {
  DEFAULT_BATCH,
  DEFAULT_OVERLAP_MS,
  DEFAULT_PAGE,
  DEFAULT_POLL_MS,
  DEFAULT_SETTLE_MS,
  DEFAULT_TIMEOUT_MS,
} from "./s4-options.ts";
import type { S4Options } from "./s4.ts";
import { unitsWith } from "./units.ts";

const ORDERS = "API_PRODUCTION_ORDER_2_SRV";
const CONFIRMATIONS = "API_PROD_ORDER_CONFIRMATION_2_SRV";
const MATERIAL_DOCUMENTS = "API_MATERIAL_DOCUMENT_SRV";

/** Connects nothing yet: the first request does. */
export function openS4System(options: S4Options, { clock, log }: SystemContext): Promise<System> {
  const http = new HttpSession({
    system: options.name,
    url: options.url,
    ...(options.client !== undefined && { client: options.client }),
    language: options.language ?? "EN",
    username: options.username,
    password: options.password,
    timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    ...(options.caFile !== undefined && { caFile: options.caFile }),
  });
  const now = () => clock.now();
  const lockCodes = new Set(options.lockCodes);
  const service = (name: string) => new ODataService(http, { service: name, lockCodes, now });
  const orders = service(ORDERS);
  const confirmations = service(CONFIRMATIONS);
  const documents = service(MATERIAL_DOCUMENTS);
  const services = [orders, confirmations, documents];

  const zones = new Map(Object.entries(options.zones ?? {}));
  const zoneOf = (plant: string | undefined) => (plant === undefined ? undefined : zones.get(plant)) ?? options.zone;
  const terms = { units: unitsWith(options.units), zoneOf };
  const { maxBatch = DEFAULT_BATCH, settleMs = DEFAULT_SETTLE_MS } = options;
  const movements = new MovementCheck({ confirmations, orders, clock });
  const polling = options.productionOrders ?? {};

  return Promise.resolve({
    targets: {
      confirmOperation: confirmOperationTarget({ service: confirmations, movements, terms, maxBatch, settleMs, now }),
      goodsMovement: goodsMovementTarget({ service: documents, terms, maxBatch, settleMs, now }),
    },
    sources: {
      productionOrders: new ProductionOrderSource({
        system: options.name,
        service: orders,
        clock,
        log,
        terms,
        plants: polling.plants ?? [],
        everyMs: polling.everyMs ?? DEFAULT_POLL_MS,
        overlapMs: polling.overlapMs ?? DEFAULT_OVERLAP_MS,
        pageSize: polling.pageSize ?? DEFAULT_PAGE,
        since: polling.since,
        contract: polling.contract ?? "production-order.v1",
      }),
    },
    check: (signal) => checkServices(options.name, services, signal),
    close: async () => {
      for (const each of services) each.close();
      await http.close();
    },
  });
}

/** Asks each service for its document and tells which of them answer. */
async function checkServices(system: string, services: readonly ODataService[], signal: AbortSignal): Promise<Health> {
  const answers = await Promise.all(
    services.map(async (service) => {
      try {
        await service.ping(signal);
        return { service: service.name, error: undefined };
      } catch (error) {
        return { service: service.name, error };
      }
    }),
  );
  const failed = answers.filter(({ error }) => error !== undefined);
  const names = (list: typeof answers) => list.map(({ service }) => service).join(", ");
  const [first] = failed;
  if (!first) return { ok: true, detail: `${names(answers)} answer.` };
  const well = answers.filter(({ error }) => error === undefined);
  const rest =
    well.length === 0
      ? "No service answers."
      : `${names(well)} ${well.length === 1 ? "answers" : "answer"}; ${names(failed)} not.`;
  const { error } = first;
  if (!(error instanceof LineshaftError))
    return { ok: false, message: `${system}: ${rest} ${String(error)}`, next: "See the log." };
  const said = error.said === undefined ? "" : ` It said: ${error.said}.`;
  return { ok: false, message: `${error.message}${said} ${rest}`, next: error.next };
}
