import type { Peer } from "./client.ts";

/** A real server to run the scripts against, as two users. A sentence says what is missing. */
export function peersFromEnvironment(): { hub: Peer; admin: Peer } | string {
  const { env } = process;
  const names = ["URL", "DB", "LOGIN", "KEY", "ADMIN_LOGIN", "ADMIN_KEY"].map((name) => `LINESHAFT_ODOO_${name}`);
  const missing = names.filter((name) => !env[name]);
  if (missing.length > 0) return `no real Odoo given: set ${missing.join(", ")}`;
  const read = (name: string) => env[`LINESHAFT_ODOO_${name}`] ?? "";
  const place = { url: read("URL"), database: read("DB") };
  return {
    hub: { ...place, login: read("LOGIN"), key: read("KEY") },
    admin: { ...place, login: read("ADMIN_LOGIN"), key: read("ADMIN_KEY") },
  };
}
