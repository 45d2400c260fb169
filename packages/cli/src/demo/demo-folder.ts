import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { LineshaftError } from "@lineshaft/core";
import type { HubDefinition } from "@lineshaft/engine";
import type { MesOrder } from "@lineshaft/simulators";
import { loadProject } from "../project.ts";

/** Where the demo keeps its state unless told otherwise. */
export const DEMO_DATA = ".lineshaft";

/** What the factory's configuration takes from the environment. No real secrets: the simulators' keys are public. */
export interface FactoryAddresses {
  FACTORY_LEDGER: string;
  FACTORY_MQTT_URL: string;
  FACTORY_MQTT_VERSION: string;
  FACTORY_HTTP_PORT: string;
  FACTORY_GATEWAY_HOST: string;
  FACTORY_GATEWAY_PORT: string;
  FACTORY_AUTHORITY: string;
  FACTORY_ODOO_URL: string;
  FACTORY_ODOO_DATABASE: string;
  FACTORY_ODOO_LOGIN: string;
  FACTORY_ODOO_KEY: string;
  FACTORY_S4_URL: string;
  FACTORY_S4_USER: string;
  FACTORY_S4_PASSWORD: string;
  FACTORY_S4_SETTLE_MS: string;
  FACTORY_S4_POLL_MS: string;
}

/** What the demo remembers besides the ledger. */
export interface DemoState {
  /** So that other commands work on it from the same folder. */
  addresses: FactoryAddresses;
  /** Every order of every day so far; the simulators begin with them again. */
  orders: MesOrder[];
  /** Those of the line in hall 2. */
  lineOrders: MesOrder[];
}

const factoryConfig = fileURLToPath(new URL("../../../../examples/factory/lineshaft.config.ts", import.meta.url));
const LEDGER_FILE = "ledger.db";
const STATE_FILE = "demo.json";

export function ledgerIn(data: string): string {
  return join(resolve(data), LEDGER_FILE);
}

/** The ledger's file that a demo left in this folder, if there is one; the last one may have kept it in a database. */
export function demoLedgerPath(): string | undefined {
  const path = ledgerIn(DEMO_DATA);
  const last = readDemoState(DEMO_DATA)?.addresses.FACTORY_LEDGER;
  return existsSync(path) && (last === undefined || isFile(last)) ? path : undefined;
}

/** Whether what `FACTORY_LEDGER` says is a file's path rather than a database's address. */
function isFile(ledger: string): boolean {
  return !ledger.startsWith("postgres:");
}

export function readDemoState(data: string): DemoState | undefined {
  const path = join(resolve(data), STATE_FILE);
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as DemoState) : undefined;
}

/** Whole or not at all: a demo that is ended at once leaves the old one. */
export function writeDemoState(data: string, state: DemoState): void {
  const path = join(resolve(data), STATE_FILE);
  writeFileSync(`${path}.new`, JSON.stringify(state));
  renameSync(`${path}.new`, path);
}

/** The hub of the demo that runs, or ran, in this folder. */
export async function demoDefinition(): Promise<HubDefinition | undefined> {
  const state = readDemoState(DEMO_DATA);
  return state && loadFactory(state.addresses);
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
