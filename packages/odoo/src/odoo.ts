import { LineshaftError } from "@lineshaft/core";
import type { Secret, System, SystemContext, SystemDefinition, SystemLimits, Target } from "@lineshaft/core";
import { changesSources, sourceNames, type Changes } from "./changes/index.ts";
import { checkOdoo } from "./check.ts";
import type { ConflictOptions } from "./conflicts.ts";
import { openConnection, type OdooConnection } from "./connection.ts";
import { operationHandles, type OperationHandles } from "./operation-handle.ts";
import { operationNames } from "./operations.ts";
import { plainOperationNames, plainTargets } from "./plain/targets.ts";
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
  /** What to take from this Odoo as facts; default nothing. */
  changes?: Changes;
  limits?: SystemLimits;
}

/** An open Odoo. */
export interface OdooSystem extends System {
  /** Look for changes now, in one source or in all: what to call when a webhook of Odoo arrives. */
  hint(source?: string): void;
}

/** Where an Odoo is and as whom the hub works in it; no secret. For commands that set it up. */
export type OdooAddress = Pick<OdooOptions, "url" | "database" | "login">;

/** An Odoo as configured, with a typed handle for each operation. */
export type Odoo = SystemDefinition & OperationHandles & { readonly address: OdooAddress };

/** Above Odoo's own `limit_time_real` of 120 s: who gives up earlier leaves the call running there. */
export const TIMEOUT_MS = 130_000;

/** Declares an Odoo 17, 18 or 19. Which one it is, is found out when it is first called. */
export function odoo(options: OdooOptions): Odoo {
  const definition: SystemDefinition = {
    name: options.name,
    connector: "odoo",
    sources: sourceNames(options.changes),
    limits: { sendMs: (options.timeoutMs ?? TIMEOUT_MS) + 10_000, ...options.limits },
    open: (context) => Promise.resolve(openSystem(options, handles, context)),
  };
  const handles = operationHandles(definition);
  const { url, database, login } = options;
  const declared = Object.assign(definition, { address: { url, database, login } }, handles);
  if (options.mode === "plain") refuseMissing(declared);
  return declared;
}

function openSystem(options: OdooOptions, handles: OperationHandles, context: SystemContext): OdooSystem {
  const { name, url, database, login, key, mode = "provisioned", timeoutMs = TIMEOUT_MS } = options;
  const connection = openConnection({ url, database, login, key, timeoutMs });
  const targets =
    mode === "plain" ? plain(options, handles, connection, timeoutMs) : provisioned(options, handles, connection);
  const sources = changesSources(options.changes, { connection, units: options.units, clock: context.clock });
  return {
    targets,
    sources,
    hint(source) {
      for (const [known, it] of Object.entries(sources)) if (source === undefined || source === known) it.hint();
    },
    check: (signal) => checkOdoo({ name, mode, connection }, signal),
    close: () => connection.close(),
  };
}

function provisioned(
  options: OdooOptions,
  handles: OperationHandles,
  connection: OdooConnection,
): Record<string, Target> {
  const setup = setupFinder(options.name, connection);
  const targets = operationNames.map((name): [string, Target] => [
    name,
    provisionedTarget({ ...options, connection, setup, operation: handles[name], name }),
  ]);
  return Object.fromEntries(targets);
}

function plain(
  { company, units }: OdooOptions,
  handles: OperationHandles,
  connection: OdooConnection,
  timeoutMs: number,
) {
  const shared = {
    connection,
    settleMs: timeoutMs,
    ...(company !== undefined && { companyName: company }),
    ...(units && { units }),
  };
  return plainTargets(shared, handles);
}

/** In plain mode a flow that names an operation which is not there stops with this sentence, before anything starts. */
function refuseMissing(declared: Odoo): void {
  const { name } = declared;
  for (const operation of operationNames.filter((known) => !plainOperationNames.includes(known))) {
    const get = (): never => {
      throw new LineshaftError(
        "config-invalid",
        `The system ${name} is in plain mode, which has no operation ${operation}.`,
        {
          next: `Set mode to "provisioned" and run: lineshaft odoo provision ${name}. Or leave the operation out.`,
        },
      );
    };
    Object.defineProperty(declared, operation, { get, enumerable: false });
  }
}
