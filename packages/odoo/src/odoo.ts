import type { Operation, Secret, System, SystemContext, SystemDefinition, SystemLimits } from "@lineshaft/core";
import { operationHandle } from "./operation-handle.ts";
import { operationSchemas, type OperationName, type OperationValue } from "./operations.ts";

export interface OdooOptions {
  /** Unique within the hub: `odoo-hamburg`. */
  name: string;
  /** `https://odoo.example.com`, without a path. */
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

/** An Odoo as configured, with a typed handle for each operation. */
export type Odoo = SystemDefinition & { readonly [N in OperationName]: Operation<OperationValue<N>> };

/** Declares an Odoo 17, 18 or 19. Which one it is, is found out when it is opened. */
export function odoo(options: OdooOptions): Odoo {
  const definition: SystemDefinition = {
    name: options.name,
    connector: "odoo",
    ...(options.limits && { limits: options.limits }),
    open: (context) => open(options, context),
  };
  const handles = Object.keys(operationSchemas).map((name) => [
    name,
    operationHandle(definition, name as OperationName),
  ]);
  return Object.assign(definition, Object.fromEntries(handles)) as Odoo;
}

function open(options: OdooOptions, _context: SystemContext): Promise<System> {
  return Promise.reject(new Error(`Opening ${options.name} is not built yet.`));
}
