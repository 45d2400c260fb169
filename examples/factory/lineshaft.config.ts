import { Secret } from "@lineshaft/core";
import { defineHub, flow } from "@lineshaft/engine";
import { postgres } from "@lineshaft/ledger-postgres";
import { sqlite } from "@lineshaft/ledger-sqlite";
import { equipmentSummary, productionOrder } from "@lineshaft/model";
import {
  alarmFlow,
  completionFlow,
  consumptionFlow,
  downtimeFlow,
  qualityHoldFlow,
  stockMovementFlow,
} from "@lineshaft/workflows";
import { presses, testers, packers } from "./line.ts";
import { gateways, hall2, odoo, s4, shopFloor, terminals } from "./systems.ts";

const ledger = process.env["FACTORY_LEDGER"] ?? ".lineshaft/ledger.db";
const inSap = {
  system: s4,
  plant: "1010",
  storageLocation: "0001",
  // The plant's lots, L-1000001-1, are longer than SAP's batches.
  batch: (lot: string) => (lot.length <= 10 ? lot : lot.replaceAll("-", "")),
};
const reasons = { "SEAL-DAMAGED": "0001", DIMENSION: "0002", SURFACE: "0003", LEAK: "0004" };

/** Work centers of the line behind the gateway. */
const line = [presses, testers, packers].flatMap(({ definition }) => definition.units.map((unit) => unit.workCenter));

/** What SAP has released for the line goes down to it, once: later versions of an order tell what it reported itself. */
const lineOrders = flow("orders of hall 2", productionOrder, {
  owner: "production control",
  purpose: "Orders that SAP has released for the line of hall 2 go down to its terminal.",
  from: [s4.name],
}).to(hall2.order, {
  when: ({ status, operations = [] }) =>
    status === "released" && operations.some(({ workCenter = "" }) => line.includes(workCenter)),
  map: ({ productionOrder, product, quantity, operations = [] }) => ({
    productionOrder,
    product,
    quantity: Number(quantity.value),
    workCenter: operations.find(({ workCenter = "" }) => line.includes(workCenter))?.workCenter ?? "",
  }),
});

export default defineHub({
  name: "Factory",
  // A file for one process, a PostgreSQL for many.
  ledger: ledger.startsWith("postgres:") ? postgres({ url: Secret.env("FACTORY_LEDGER") }) : sqlite({ path: ledger }),
  systems: [shopFloor, terminals, gateways, hall2, odoo, s4],
  flows: [
    completionFlow({
      odoo: { system: odoo },
      s4: { ...inSap, operation: "0010", activities: { machine: 2, labour: 3 }, reasons },
    }),
    consumptionFlow({ odoo: { system: odoo }, s4: inSap }),
    stockMovementFlow({ odoo: { system: odoo }, s4: inSap }),
    downtimeFlow({ odoo: { system: odoo } }),
    // What a machine made too hot is held by its lot, and a jam asks for maintenance.
    qualityHoldFlow({ odoo: { system: odoo } }),
    alarmFlow({ odoo: { system: odoo } }),
    // SAP's orders are taken in for the rules of completions, too.
    lineOrders,
  ],
  // Sums of machines are kept as evidence; a flow may take them anywhere.
  contracts: [equipmentSummary],
});
