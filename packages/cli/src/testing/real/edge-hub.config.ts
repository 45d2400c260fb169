import { Secret } from "@lineshaft/core";
import { defineHub } from "@lineshaft/engine";
import { gatewayIntake } from "@lineshaft/gateway";
import { httpIntake } from "@lineshaft/http";
import { sqlite } from "@lineshaft/ledger-sqlite";
import { completion, equipmentEvent, productionOrderRelease } from "@lineshaft/model";
import { odoo } from "@lineshaft/odoo";
import { completionFlow, orderReleaseFlow } from "@lineshaft/workflows";

/** A hub that takes a gateway's facts and books them in an Odoo. Copied into a project's folder and run there. */
function set(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set.`);
  return value;
}

const erp = odoo({
  name: "odoo",
  url: set("LINESHAFT_ODOO_URL"),
  database: set("LINESHAFT_ODOO_DB"),
  login: set("LINESHAFT_ODOO_LOGIN"),
  key: Secret.env("LINESHAFT_ODOO_KEY"),
});

const plants = gatewayIntake({
  name: "gateways",
  host: "127.0.0.1",
  port: Number(set("EDGE_HUB_PORT")),
  authority: ".lineshaft/gateways",
  gateways: [{ name: "hall-9" }],
});

const office = httpIntake({
  name: "office",
  port: 0,
  contracts: [productionOrderRelease],
  onListening: (url) => console.error(`TAKES FACTS ON ${url}`),
});

export default defineHub({
  name: "foreign peers",
  ledger: sqlite({ path: ".lineshaft/ledger.db" }),
  contracts: [equipmentEvent, completion],
  systems: [plants, office, erp],
  flows: [orderReleaseFlow({ odoo: { system: erp } }), completionFlow({ odoo: { system: erp } })],
});
