import { Secret } from "@lineshaft/core";
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
