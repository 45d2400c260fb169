import type { Secret } from "@lineshaft/core";
import { actionCode } from "./action-code.ts";
import { openConnection, type OdooConnection } from "./connection.ts";
import { installOutbox, OUTBOX_DEFAULTS } from "./provision-outbox.ts";
import { admin, type Admin } from "./provision-records.ts";
import { OPERATION_MODEL, OUTBOX_MODEL, PROTOCOL, SETUP_MODEL } from "./protocol.ts";
import { unfit } from "./setup.ts";

export interface ProvisionOptions {
  url: string;
  database: string;
  /** An administrator (Settings) of this Odoo; used now and not kept. */
  adminLogin: string;
  adminKey: Secret;
  /** The hub's own user; gets the group that may run the action. */
  hubLogin: string;
  /**
   * Models whose changes Odoo shall note down for the hub. Needs the module base_automation; default none.
   * `true` takes production orders and products.
   */
  outbox?: boolean | readonly string[];
  timeoutMs?: number;
  signal?: AbortSignal;
}

/** What was done, a sentence each, and what was found in order. */
export interface ProvisionReport {
  version: string;
  code: string;
  steps: string[];
}

/**
 * Installs in Odoo what the normal mode needs: a group, three small tables and one server action. Running it again
 * brings an older installation up to date and changes nothing in a current one.
 *
 * @throws UnavailableError, RejectedError (a right is missing), LineshaftError `system-unfit` (a module or user is missing)
 */
export async function provision(options: ProvisionOptions): Promise<ProvisionReport> {
  const { url, database, adminLogin, adminKey, timeoutMs = 130_000 } = options;
  const connection = openConnection({ url, database, login: adminLogin, key: adminKey, timeoutMs });
  try {
    return await install(connection, options);
  } finally {
    await connection.close();
  }
}

async function install(connection: OdooConnection, options: ProvisionOptions): Promise<ProvisionReport> {
  const signal = options.signal ?? new AbortController().signal;
  const version = await connection.version(signal);
  const steps: string[] = [];
  const odoo = admin(connection, version.major, signal, (step) => steps.push(step));
  await needModules(odoo, ["mrp", "stock"]);
  const group = await odoo.group("Lineshaft hub");
  await odoo.model(SETUP_MODEL, "Lineshaft setup", group, {
    x_action_id: "integer",
    x_code: "char",
    x_protocol: "integer",
  });
  await odoo.model(OPERATION_MODEL, "Lineshaft operation", group, {
    x_operation: "char",
    x_receipt: "char",
    x_model: "char",
    x_res_id: "integer",
    x_about: "char",
    x_kept: "text",
  });
  await odoo.model(OUTBOX_MODEL, "Lineshaft outbox", group, { x_res_id: "integer", x_event: "char" }, { unlink: true });
  await uniqueToken(odoo);
  await aboutIndex(odoo);
  const code = actionCode();
  const action = await odoo.serverAction(
    "action_operations",
    "Lineshaft operations",
    "mrp.production",
    code.text,
    group,
  );
  await odoo.row(SETUP_MODEL, "operations", { x_action_id: action, x_code: code.hash, x_protocol: PROTOCOL });
  await addUser(odoo, options.hubLogin, group);
  if (options.outbox) {
    const models = options.outbox === true ? OUTBOX_DEFAULTS : options.outbox;
    await needModules(odoo, ["base_automation"]);
    await installOutbox(odoo, models);
  }
  return { version: version.text, code: code.hash, steps };
}

async function needModules(odoo: Admin, modules: readonly string[]): Promise<void> {
  const domain = [
    ["name", "in", modules],
    ["state", "=", "installed"],
  ];
  const rows = await odoo.searchRead("ir.module.module", domain, ["name"]);
  const missing = modules.filter((module) => !rows.some((row) => row["name"] === module));
  if (missing.length > 0) {
    throw unfit(`Odoo lacks the module ${missing.join(", ")}.`, "Install it under Apps, then provision again.");
  }
}

/** The claim of a token rests on this index; without it the action refuses to work at all. */
async function uniqueToken(odoo: Admin): Promise<void> {
  await odoo.runOnce(
    "Lineshaft index",
    "mrp.production",
    `env.cr.execute("create unique index if not exists ${OPERATION_MODEL}_token on ${OPERATION_MODEL} (x_name)")`,
  );
}

/** Reports are looked up by what they are about; after years the table is long. */
async function aboutIndex(odoo: Admin): Promise<void> {
  await odoo.runOnce(
    "Lineshaft index of reports",
    "mrp.production",
    `env.cr.execute("create index if not exists ${OPERATION_MODEL}_about on ${OPERATION_MODEL} (x_about) where x_about is not null")`,
  );
}

async function addUser(odoo: Admin, login: string, group: number): Promise<void> {
  const [user] = await odoo.searchRead("res.users", [["login", "=", login]], [odoo.userGroups]);
  if (!user) {
    throw unfit(`Odoo has no user ${login}.`, "Create the hub's user under Settings, Users, then provision again.");
  }
  const groups = user[odoo.userGroups];
  if (Array.isArray(groups) && groups.includes(group)) return;
  await odoo.write("res.users", Number(user["id"]), { [odoo.userGroups]: [[4, group]] });
  odoo.note(`Put the user ${login} into the group Lineshaft hub.`);
}
