import { Secret } from "@lineshaft/core";
import { defineHub } from "@lineshaft/engine";
import { postgres } from "@lineshaft/ledger-postgres";
import { sqlite } from "@lineshaft/ledger-sqlite";
import { productionOrder } from "@lineshaft/model";
import { completionFlow, consumptionFlow, downtimeFlow, stockMovementFlow } from "@lineshaft/workflows";
import { odoo, s4, shopFloor, terminals } from "./systems.ts";

const ledger = process.env["FACTORY_LEDGER"] ?? ".lineshaft/ledger.db";
const inSap = {
  system: s4,
  plant: "1010",
  storageLocation: "0001",
  // The plant's lots, L-1000001-1, are longer than SAP's batches.
  batch: (lot: string) => (lot.length <= 10 ? lot : lot.replaceAll("-", "")),
};
const reasons = { "SEAL-DAMAGED": "0001", DIMENSION: "0002", SURFACE: "0003", LEAK: "0004" };

export default defineHub({
  name: "Factory",
  // A file for one process, a PostgreSQL for many.
  ledger: ledger.startsWith("postgres:") ? postgres({ url: Secret.env("FACTORY_LEDGER") }) : sqlite({ path: ledger }),
  systems: [shopFloor, terminals, odoo, s4],
  flows: [
    completionFlow({
      odoo: { system: odoo },
      s4: { ...inSap, operation: "0010", activities: { machine: 2, labour: 3 }, reasons },
    }),
    consumptionFlow({ odoo: { system: odoo }, s4: inSap }),
    stockMovementFlow({ odoo: { system: odoo }, s4: inSap }),
    downtimeFlow({ odoo: { system: odoo } }),
  ],
  // SAP's orders are taken in too: the rules for completions look at them.
  contracts: [productionOrder],
});
