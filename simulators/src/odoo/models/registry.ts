import type { Model } from "../schema.ts";
import type { Version } from "../values.ts";
import { companyModels } from "./company.ts";
import { irActions } from "./ir-actions.ts";
import { irModelData } from "./ir-model-data.ts";
import { irModelModels } from "./ir-model.ts";
import { locationModels } from "./location.ts";
import { maintenanceModels } from "./maintenance.ts";
import { mailActivity } from "./mail-activity.ts";
import { bomModels } from "./mrp-bom.ts";
import { production } from "./mrp-production.ts";
import { workcenterModels } from "./mrp-workcenter.ts";
import { workorder } from "./mrp-workorder.ts";
import { productModels } from "./product.ts";
import { pickingModels } from "./stock-picking.ts";
import { stockLot } from "./stock-lot.ts";
import { stockMoveLine } from "./stock-move-line.ts";
import { stockMove } from "./stock-move.ts";
import { stockQuant } from "./stock-quant.ts";
import { scrapModels } from "./stock-scrap.ts";
import { unitModels } from "./unit.ts";
import { wizardModels } from "./wizards.ts";
import { char } from "../schema.ts";

/** Every model the simulator knows, for one version. */
export function allModels(version: Version): Model[] {
  return [
    ...companyModels,
    ...unitModels,
    ...productModels(version),
    ...locationModels,
    stockLot,
    stockQuant,
    stockMove,
    stockMoveLine,
    ...pickingModels,
    ...scrapModels,
    ...bomModels,
    ...workcenterModels,
    production,
    workorder,
    ...wizardModels,
    ...maintenanceModels,
    mailActivity,
    irModelData,
    ...irModelModels,
    ...irActions,
    {
      name: "procurement.group",
      label: "Procurement Group",
      until: 18,
      fields: { name: char("Reference", { required: true }) },
    },
    {
      name: "mrp.production.group",
      label: "Production Group",
      since: 19,
      fields: { name: char("Reference", { required: true }) },
    },
  ];
}
