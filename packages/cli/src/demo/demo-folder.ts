import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { LineshaftError } from "@lineshaft/core";
import type { HubDefinition } from "@lineshaft/engine";
import { loadProject } from "../project.ts";

/** Where the demo keeps its state unless told otherwise. */
export const DEMO_DATA = ".lineshaft";
const LEDGER_FILE = "ledger.db";
/** Holds the addresses of the running demo, so that other commands work on it from the same folder. */
const ADDRESSES_FILE = "demo.json";

/** What the factory's configuration takes from the environment. No real secrets: the simulators' keys are public. */
export type FactoryAddresses = Record<
  | "FACTORY_LEDGER"
  | "FACTORY_MQTT_URL"
  | "FACTORY_ODOO_URL"
  | "FACTORY_ODOO_DATABASE"
  | "FACTORY_ODOO_KEY"
  | "FACTORY_S4_URL"
  | "FACTORY_S4_PASSWORD",
  string
>;

export const factoryConfig = fileURLToPath(
  new URL("../../../../examples/factory/lineshaft.config.ts", import.meta.url),
);

export function ledgerIn(data: string): string {
  return join(resolve(data), LEDGER_FILE);
}

/** The ledger that a demo left in this folder, if there is one. */
export function demoLedgerPath(): string | undefined {
  const path = ledgerIn(DEMO_DATA);
  return existsSync(path) ? path : undefined;
}

export function writeAddresses(data: string, addresses: FactoryAddresses): void {
  writeFileSync(join(resolve(data), ADDRESSES_FILE), `${JSON.stringify(addresses, null, 2)}\n`);
}

/** The hub of the demo that runs, or ran, in this folder. */
export async function demoDefinition(): Promise<HubDefinition | undefined> {
  const path = join(resolve(DEMO_DATA), ADDRESSES_FILE);
  if (!existsSync(path)) return undefined;
  return loadFactory(JSON.parse(readFileSync(path, "utf8")) as FactoryAddresses);
}

/**
 * The example factory, pointed at the given addresses.
 * @throws LineshaftError `not-found` where there is no clone of the repository
 */
export async function loadFactory(addresses: FactoryAddresses): Promise<HubDefinition> {
  if (!existsSync(factoryConfig))
    throw new LineshaftError("not-found", `The example factory is not at ${dirname(factoryConfig)}.`, {
      next: "The demo runs from a clone of the repository: git clone, then npm start.",
    });
  Object.assign(process.env, addresses);
  return (await loadProject({ config: factoryConfig })).definition;
}
