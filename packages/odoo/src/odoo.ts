import type {
  Operation,
  Secret,
  Source,
  System,
  SystemContext,
  SystemDefinition,
  SystemLimits,
  Target,
} from "@lineshaft/core";
import { checkOdoo } from "./check.ts";
import type { ConflictOptions } from "./conflicts.ts";
import { openConnection, type OdooConnection } from "./connection.ts";
import { operationHandle } from "./operation-handle.ts";
import { operationNames, type OperationName, type OperationValue } from "./operations.ts";
import { provisionedTarget } from "./provisioned-target.ts";
import { setupFinder } from "./setup.ts";

export interface OdooOptions extends ConflictOptions {
  /** Unique within the hub: `odoo-hamburg`. */
  name: string;
  /** `https://odoo.example.com`. */
  url: string;
  database: string;
  /** The hub's own user in Odoo. */
  login: string;
  /** Its API key. */
  key: Secret;
  /**
   * `provisioned` (default): through the server action that `lineshaft odoo provision` installs, each item surely once.
   * `plain`: without anything installed; fewer operations and weaker promises, see docs/connectors/odoo.md.
   */
  mode?: "provisioned" | "plain";
  /** Name of the company to work in; default the user's own. */
  company?: string;
  /** Short name (code) of the warehouse; default the company's first. */
  warehouse?: string;
  /** Unit code to the name of the unit in Odoo, for units beyond the built-in map. */
  units?: Readonly<Record<string, string>>;
  /** How long a call may take; must exceed the server's own `limit_time_real` (120 s). Default 130,000. */
  timeoutMs?: number;
  limits?: SystemLimits;
}

/** Where an Odoo is and as whom the hub works in it; no secret. For commands that set it up. */
export type OdooAddress = Pick<OdooOptions, "url" | "database" | "login">;

/** An Odoo as configured, with a typed handle for each operation. */
export type Odoo = SystemDefinition & { readonly address: OdooAddress } & {
  readonly [N in OperationName]: Operation<OperationValue<N>>;
};

/** Above Odoo's own `limit_time_real` of 120 s: who gives up earlier leaves the call running there. */
export const TIMEOUT_MS = 130_000;

/** Declares an Odoo 17, 18 or 19. Which one it is, is found out when it is first called. */
export function odoo(options: OdooOptions): Odoo {
  const definition: SystemDefinition = {
    name: options.name,
    connector: "odoo",
    limits: { sendMs: (options.timeoutMs ?? TIMEOUT_MS) + 10_000, ...options.limits },
    open: (context) => Promise.resolve(openSystem(options, handles, context)),
  };
  const handles = operationHandles(definition);
  const { url, database, login } = options;
  return Object.assign(definition, { address: { url, database, login } }, handles);
}

type Handles = { readonly [N in OperationName]: Operation<OperationValue<N>> };

function operationHandles(definition: SystemDefinition): Handles {
  return {
    saveProduct: operationHandle(definition, "saveProduct"),
    saveBillOfMaterials: operationHandle(definition, "saveBillOfMaterials"),
    createOrder: operationHandle(definition, "createOrder"),
    completeOrder: operationHandle(definition, "completeOrder"),
    moveStock: operationHandle(definition, "moveStock"),
    setStock: operationHandle(definition, "setStock"),
    scrap: operationHandle(definition, "scrap"),
    logWorkTime: operationHandle(definition, "logWorkTime"),
    logDowntime: operationHandle(definition, "logDowntime"),
    requestMaintenance: operationHandle(definition, "requestMaintenance"),
  };
}

function openSystem(options: OdooOptions, handles: Handles, _context: SystemContext): System {
  const { name, url, database, login, key, mode = "provisioned", timeoutMs = TIMEOUT_MS } = options;
  const connection = openConnection({ url, database, login, key, timeoutMs });
  const targets = provisionedTargets(options, handles, connection);
  const sources: Record<string, Source> = {};
  return {
    targets,
    sources,
    check: (signal) => checkOdoo({ name, mode, connection }, signal),
    close: () => connection.close(),
  };
}

function provisionedTargets(
  options: OdooOptions,
  handles: Handles,
  connection: OdooConnection,
): Record<string, Target> {
  const setup = setupFinder(options.name, connection);
  const targets = operationNames.map((name): [string, Target] => [
    name,
    provisionedTarget({ ...options, connection, setup, operation: handles[name], name }),
  ]);
  return Object.fromEntries(targets);
}
