import { LineshaftError, RejectedError, UnavailableError } from "@lineshaft/core";
import { actionCode } from "./action-code.ts";
import { isRecord, type OdooConnection } from "./connection.ts";
import { PROTOCOL, SETUP_MODEL } from "./protocol.ts";

/** What provisioning left in Odoo. */
export interface Setup {
  action: number;
  /** Hash of the installed action's code. */
  code: string;
  protocol: number;
}

/** Reads which server action is installed; undefined when none is, or when the hub's user may not know. */
export async function readSetup(connection: OdooConnection, signal: AbortSignal): Promise<Setup | undefined> {
  let rows: unknown;
  try {
    rows = await connection.call(
      {
        model: SETUP_MODEL,
        method: "search_read",
        args: {
          domain: [["x_name", "=", "operations"]],
          fields: ["x_action_id", "x_code", "x_protocol"],
          limit: 1,
        },
      },
      signal,
    );
  } catch (error) {
    if (error instanceof RejectedError) return undefined;
    throw error;
  }
  const row: unknown = Array.isArray(rows) ? rows[0] : undefined;
  if (!isRecord(row) || typeof row["x_action_id"] !== "number") return undefined;
  return { action: row["x_action_id"], code: String(row["x_code"]), protocol: Number(row["x_protocol"]) };
}

/** What is wrong with an installation, as message and next step; undefined when nothing is. */
export function setupProblem(system: string, setup: Setup | undefined): { message: string; next: string } | undefined {
  const command = `lineshaft odoo provision ${system}`;
  if (!setup) {
    return {
      message: `Odoo ${system} has no server action of Lineshaft that its user may run.`,
      next: `Run: ${command}`,
    };
  }
  if (setup.protocol !== PROTOCOL || setup.code !== actionCode().hash) {
    return {
      message: `Odoo ${system} was provisioned by another version of Lineshaft (${setup.code}, wanted ${actionCode().hash}).`,
      next: `Run: ${command}`,
    };
  }
  return undefined;
}

/** Finds the installed action once, and again after `forget`. */
export interface SetupFinder {
  find(signal: AbortSignal): Promise<Setup>;
  forget(): void;
}

export function setupFinder(system: string, connection: OdooConnection): SetupFinder {
  let known: Setup | undefined;
  return {
    async find(signal) {
      if (known) return known;
      const setup = await readSetup(connection, signal);
      if (!setup || setup.protocol !== PROTOCOL) {
        const problem = setupProblem(system, setup);
        throw new UnavailableError(problem?.message ?? "", { next: problem?.next ?? "" });
      }
      known = setup;
      return setup;
    },
    forget() {
      known = undefined;
    },
  };
}

export function unfit(message: string, next: string): LineshaftError {
  return new LineshaftError("system-unfit", message, { next });
}
