import { Secret } from "@lineshaft/core";
import { startOdooSimulator } from "@lineshaft/simulators";
import type { Peer } from "./shop.ts";

/** The real Odoo named in the environment; undefined with the reason when there is none. */
export function realPeer(environment = process.env): { peer: Peer } | { reason: string } {
  const wanted = ["URL", "DB", "LOGIN", "KEY", "ADMIN_LOGIN", "ADMIN_KEY"].map((name) => `LINESHAFT_ODOO_${name}`);
  const missing = wanted.filter((name) => !environment[name]);
  if (missing.length > 0) return { reason: `no real Odoo: ${missing.join(", ")} not set` };
  const value = (name: string) => environment[`LINESHAFT_ODOO_${name}`] ?? "";
  return {
    peer: {
      name: `real Odoo at ${value("URL")}`,
      url: value("URL"),
      database: value("DB"),
      login: value("LOGIN"),
      key: Secret.env("LINESHAFT_ODOO_KEY"),
      adminLogin: value("ADMIN_LOGIN"),
      adminKey: Secret.env("LINESHAFT_ODOO_ADMIN_KEY"),
    },
  };
}

/** A simulator of this version, for as long as a test file runs. */
export async function simulatedPeer(version: 17 | 18 | 19): Promise<{ peer: Peer; close(): Promise<void> }> {
  const simulator = await startOdooSimulator({ version });
  const keyOf = (login: string) => {
    const user = simulator.users.find((known) => known.login === login);
    return Secret.generated(`${login} of the simulator`, user?.key ?? "");
  };
  const peer = {
    name: `simulated Odoo ${version}`,
    url: simulator.url,
    database: simulator.database,
    login: "hub",
    key: keyOf("hub"),
    adminLogin: "admin",
    adminKey: keyOf("admin"),
  };
  return { peer, close: () => simulator.close() };
}
