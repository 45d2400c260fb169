import { type Item, Secret, type Target, silentLog, systemClock } from "@lineshaft/core";
import { type Odoo, provision } from "@lineshaft/odoo";
import { odooSystem } from "./erp-systems.ts";
import { Simulators } from "./simulators.ts";
import type { OdooAccess } from "./simulators-protocol.ts";

/** An Odoo to measure against, with a way to have orders in it. */
export interface OdooGround extends AsyncDisposable {
  access: Omit<OdooAccess, "controlUrl">;
  version: number;
  name: string;
  /** Makes confirmed orders of one piece each. */
  prepare(orders: readonly string[]): Promise<void>;
}

const VERSIONS = [17, 18, 19] as const;

/** A simulator, or the real server of `url` with the credentials of the environment. @throws Error that names what is missing */
export async function openOdooGround({ url, version }: { url?: string; version: number }): Promise<OdooGround> {
  return url === undefined ? simulated(version) : real(url, version);
}

async function simulated(wanted: number): Promise<OdooGround> {
  const version = VERSIONS.find((each) => each === wanted);
  if (version === undefined) throw new Error(`There is a simulator of Odoo ${VERSIONS.join(", ")}, not of ${wanted}.`);
  const simulators = await Simulators.start({ odoo: { version, latency: "real" } });
  const access = simulators.access.odoo;
  if (access === undefined) throw new Error("The simulator of Odoo did not start.");
  await provisionForBench(access);
  return {
    access,
    version,
    name: `simulated Odoo ${version}`,
    prepare: (orders) => simulators.seed({ orders, quantity: 1 }),
    [Symbol.asyncDispose]: () => simulators[Symbol.asyncDispose](),
  };
}

async function real(url: string, version: number): Promise<OdooGround> {
  const value = (name: string): string => {
    const found = process.env[`LINESHAFT_ODOO_${name}`];
    if (!found) throw new Error(`A real Odoo needs LINESHAFT_ODOO_${name} in the environment; see docs/benchmarks.md.`);
    return found;
  };
  const access = {
    url,
    database: value("DB"),
    login: value("LOGIN"),
    key: value("KEY"),
    adminLogin: value("ADMIN_LOGIN"),
    adminKey: value("ADMIN_KEY"),
  };
  await provisionForBench(access);
  return {
    access,
    version,
    name: `Odoo ${version} at ${url}`,
    prepare: (orders) => prepareReal(odooSystem(access), orders),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** As an administrator would, once. */
export async function provisionForBench(access: Omit<OdooAccess, "controlUrl">): Promise<void> {
  const { url, database, adminLogin, adminKey, login } = access;
  const key = Secret.generated("bench: administrator's key for Odoo", adminKey);
  await provision({ url, database, adminLogin, adminKey: key, hubLogin: login });
}

/** Orders in one call: what a batch of the connector takes at most. */
const PREPARED = 50;

async function prepareReal(definition: Odoo, orders: readonly string[]): Promise<void> {
  const system = await definition.open({ clock: systemClock, random: Math.random, log: silentLog });
  const product = `BENCH-${Date.now().toString(36)}`;
  const part = `${product}-PART`;
  const pieces = (value: number) => ({ value: String(value), unit: "C62" });
  let items = 0;
  const apply = async (operation: string, values: object[]): Promise<void> => {
    // The connector checks each value against the operation's schema before it is sent.
    const target: Target<object> | undefined = system.targets[operation];
    const batch = values.map((value): Item<object> => {
      const token = `${product.toLowerCase()}-${(++items).toString(36)}`;
      return { token, key: token, value, attempt: 1, receivedTime: Date.now() };
    });
    const outcomes = (await target?.send(batch, new AbortController().signal)) ?? [];
    const refused = outcomes.find(({ kind }) => kind !== "done");
    if (refused !== undefined || outcomes.length < values.length)
      throw new Error(`${operation} was not done: ${JSON.stringify(refused)}`);
  };
  try {
    await apply("saveProduct", [{ product: part, name: part, unit: "C62" }]);
    await apply("saveProduct", [{ product, name: product, unit: "C62", tracking: "lot" }]);
    await apply("setStock", [{ product: part, quantity: pieces(1_000_000) }]);
    await apply("saveBillOfMaterials", [
      { product, revision: "A", quantity: pieces(1), components: [{ product: part, quantity: pieces(1) }] },
    ]);
    for (let from = 0; from < orders.length; from += PREPARED) {
      const some = orders.slice(from, from + PREPARED);
      await apply(
        "createOrder",
        some.map((order) => ({ order, product, quantity: pieces(1) })),
      );
    }
  } finally {
    await system.close();
  }
}
