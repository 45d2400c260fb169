import type { Finding, Operation, Secret, SystemContext, SystemDefinition, SystemLimits } from "@lineshaft/core";
import { goodsMovementBranches, goodsMovementSchema } from "./operations/goods-movement.ts";
import type { GoodsMovement } from "./operations/goods-movement.ts";
import { operationConfirmationSchema } from "./operations/operation-confirmation.ts";
import type { OperationConfirmation } from "./operations/operation-confirmation.ts";
import { DEFAULT_TIMEOUT_MS, checkOptions } from "./s4-options.ts";
import { openS4System } from "./s4-system.ts";
import { branchFindings, schemaFindings } from "./schema-findings.ts";

/** How much longer than the connector the engine waits for a call, in ms: reading back takes a while too. */
const SEND_MARGIN_MS = 30_000;

/** How to reach one SAP S/4HANA and what to know about it. */
export interface S4Options {
  /** Unique within the hub: `s4`. */
  name: string;
  /** Scheme, host and port, such as `https://s4.example.com:44300`; a path before `/sap/opu/odata` may follow. */
  url: string;
  /** SAP client (Mandant), three digits; the system's default client when left out. */
  client?: string;
  username: string;
  password: Secret;
  /** IANA zone of the plants: SAP's dates and times have none. `Europe/Berlin`. */
  zone: string;
  /** Plants in another zone: `{ "2010": "America/Chicago" }`. */
  zones?: Readonly<Record<string, string>>;
  /** Language of SAP's messages; default `EN`. */
  language?: string;
  /** Waiting for one answer, in ms; must exceed the server's own limit (rdisp/max_wprun_time, usually 600 s); default 630,000. */
  timeoutMs?: number;
  /** How long after a request SAP's work process and update task may still be posting, in ms; default 660,000. */
  settleMs?: number;
  /** Most items in one `$batch`, 1 to 100; 1 sends each on its own; default 20. */
  maxBatch?: number;
  /** Calls at once and per second; without `sendMs` the engine waits a little longer for a call than `timeoutMs`. */
  limits?: SystemLimits;
  /** File with the certificates (PEM) that sign SAP's, when they are the company's own. */
  caFile?: string;
  /** Codes of messages, `M3/897`, by which this SAP says that somebody has an object open; they come on top of the known ones. */
  lockCodes?: readonly string[];
  /** More units, or other ones than the built-in: UN/ECE code to the ISO code kept in SAP's unit customising. */
  units?: Readonly<Record<string, string>>;
  productionOrders?: ProductionOrderSourceOptions;
}

/** What the source `productionOrders` reads. */
export interface ProductionOrderSourceOptions {
  /** Only orders of these plants; default all that the user may see. */
  plants?: readonly string[];
  /** Pause between two polls, in ms; default 15,000. */
  everyMs?: number;
  /** How far each poll reads back behind what it has seen, in ms, because SAP's stamp is older than its commit; default 600,000. */
  overlapMs?: number;
  /** Orders per page; default 100. */
  pageSize?: number;
  /** First poll starts here (`YYYYMMDDhhmmss`, as SAP stamps); default all released orders. */
  since?: string;
  /** Contract its facts claim to be; default `production-order.v1`. */
  contract?: string;
}

/** A configured S/4HANA with its operations, for use in flows. */
export interface S4 extends SystemDefinition {
  readonly connector: "sap-s4";
  readonly sources: readonly ["productionOrders"];
  /** Confirms an operation of a production order (API_PROD_ORDER_CONFIRMATION_2_SRV). Receipt: `confirmation/counter`. */
  readonly confirmOperation: Operation<OperationConfirmation>;
  /** Posts or reverses a material document (API_MATERIAL_DOCUMENT_SRV). Receipt: `document/year`. */
  readonly goodsMovement: Operation<GoodsMovement>;
}

/**
 * One SAP S/4HANA as a system. Nothing is opened or read until the runtime opens it.
 *
 * ```ts
 * const erp = s4({ name: "s4", url: "https://s4.example.com", client: "100", username: "LINESHAFT",
 *   password: Secret.env("S4_PASSWORD"), zone: "Europe/Berlin" });
 * ```
 *
 * @throws LineshaftError `config-invalid` for a bad url, client, zone or limit
 */
export function s4(options: S4Options): S4 {
  checkOptions(options);
  const limits = { sendMs: (options.timeoutMs ?? DEFAULT_TIMEOUT_MS) + SEND_MARGIN_MS, ...options.limits };
  const operation = <T>(name: string, schema: object, check: (value: unknown) => Finding[]): Operation<T> => ({
    get system() {
      return definition;
    },
    name,
    schema,
    check,
  });
  const definition: S4 = {
    name: options.name,
    connector: "sap-s4",
    limits,
    sources: ["productionOrders"],
    confirmOperation: operation(
      "confirmOperation",
      operationConfirmationSchema,
      schemaFindings(operationConfirmationSchema),
    ),
    goodsMovement: operation("goodsMovement", goodsMovementSchema, branchFindings("kind", goodsMovementBranches)),
    open: (context: SystemContext) => openS4System(options, context),
  };
  return definition;
}
