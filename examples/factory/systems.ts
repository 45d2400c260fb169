import { Secret } from "@lineshaft/core";
import { gatewayIntake } from "@lineshaft/gateway";
import { httpIntake } from "@lineshaft/http";
import { completion, downtime, materialConsumption, stockMovement } from "@lineshaft/model";
import { mqtt } from "@lineshaft/mqtt";
import { odoo as odooSystem } from "@lineshaft/odoo";
import { s4 as s4System } from "@lineshaft/sap";

// Addresses come from the environment or .env; `npm start` sets them to its simulators.
const {
  FACTORY_MQTT_URL = "mqtt://127.0.0.1:1883",
  FACTORY_MQTT_VERSION = "5",
  FACTORY_HTTP_PORT = "7071",
  FACTORY_GATEWAY_HOST = "0.0.0.0",
  FACTORY_GATEWAY_PORT = "7443",
  FACTORY_AUTHORITY = ".lineshaft/gateways",
  FACTORY_ODOO_URL = "http://127.0.0.1:8069",
  FACTORY_ODOO_DATABASE = "factory",
  FACTORY_ODOO_LOGIN = "hub",
  FACTORY_S4_URL = "https://127.0.0.1:44300",
  FACTORY_S4_USER = "LINESHAFT",
  FACTORY_S4_SETTLE_MS = "660000",
  FACTORY_S4_POLL_MS = "15000",
} = process.env;

const taken = [completion, materialConsumption, stockMovement, downtime];

/** Machines and the MES publish here; what a payload leaves out is taken from the topic. */
export const shopFloor = mqtt({
  name: "shop-floor",
  url: FACTORY_MQTT_URL,
  protocolVersion: FACTORY_MQTT_VERSION === "4" ? 4 : 5,
  clientId: "lineshaft-factory",
  subscribe: taken.map((contract) => ({ topic: `plant/{site}/{workCenter}/${contract.name}`, contract })),
});

/** Terminals without MQTT: POST /v1/facts/completion.v1 */
export const terminals = httpIntake({ name: "terminals", port: Number(FACTORY_HTTP_PORT), contracts: taken });

/** Hall 2 is behind a gateway: `lineshaft gateway code hall-2 --host <this machine>` enrols it. */
export const gateways = gatewayIntake({
  name: "gateways",
  host: FACTORY_GATEWAY_HOST,
  port: Number(FACTORY_GATEWAY_PORT),
  authority: FACTORY_AUTHORITY,
  gateways: [{ name: "hall-2" }],
});

/** What goes down to hall 2. */
export const hall2 = gateways.gateway({ name: "hall-2", gateway: "hall-2" });

export const odoo = odooSystem({
  name: "odoo",
  url: FACTORY_ODOO_URL,
  database: FACTORY_ODOO_DATABASE,
  login: FACTORY_ODOO_LOGIN,
  key: Secret.env("FACTORY_ODOO_KEY"),
});

export const s4 = s4System({
  name: "s4",
  url: FACTORY_S4_URL,
  username: FACTORY_S4_USER,
  password: Secret.env("FACTORY_S4_PASSWORD"),
  zone: "Europe/Berlin",
  // How long SAP may still be posting after an answer got lost.
  settleMs: Number(FACTORY_S4_SETTLE_MS),
  productionOrders: { everyMs: Number(FACTORY_S4_POLL_MS) },
});
