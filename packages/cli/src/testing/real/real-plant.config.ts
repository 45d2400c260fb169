import { Secret } from "@lineshaft/core";
import { defineHub } from "@lineshaft/engine";
import { httpIntake } from "@lineshaft/http";
import { sqlite } from "@lineshaft/ledger-sqlite";
import {
  completion,
  completionCorrection,
  downtime,
  materialConsumption,
  productionOrderRelease,
  qualityHold,
} from "@lineshaft/model";
import { mqtt } from "@lineshaft/mqtt";
import { odoo } from "@lineshaft/odoo";
import {
  completionCorrectionFlow,
  completionFlow,
  consumptionFlow,
  downtimeFlow,
  orderReleaseFlow,
  qualityHoldFlow,
} from "@lineshaft/workflows";

/** A plant on one machine: a broker and terminals report, an Odoo books. Copied into a project's folder and run there. */
function set(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set.`);
  return value;
}

const erp = odoo({
  name: "odoo",
  url: set("PLANT_ODOO_URL"),
  database: set("LINESHAFT_ODOO_DB"),
  login: set("LINESHAFT_ODOO_LOGIN"),
  key: Secret.env("LINESHAFT_ODOO_KEY"),
});

const floor = mqtt({
  name: "mes",
  url: set("PLANT_BROKER_URL"),
  clientId: "lineshaft-plant",
  subscribe: [
    { topic: "plant/{site}/release", contract: productionOrderRelease },
    { topic: "plant/{site}/{workCenter}/completion", contract: completion },
  ],
});

const terminals = httpIntake({
  name: "terminals",
  port: 0,
  contracts: [productionOrderRelease, completion, completionCorrection, materialConsumption, qualityHold, downtime],
  onListening: (url) => console.error(`TAKES FACTS ON ${url}`),
});

export default defineHub({
  name: "real plant",
  ledger: sqlite({ path: ".lineshaft/ledger.db" }),
  systems: [floor, terminals, erp],
  flows: [
    orderReleaseFlow({ odoo: { system: erp } }),
    completionFlow({ odoo: { system: erp } }),
    completionCorrectionFlow({ odoo: { system: erp } }),
    consumptionFlow({ odoo: { system: erp } }),
    qualityHoldFlow({ odoo: { system: erp } }),
    downtimeFlow({ odoo: { system: erp, maintenance: { reasons: ["HYDRAULIC-PRESSURE"] }, planner: {} } }),
  ],
});
