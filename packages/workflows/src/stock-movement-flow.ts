import type { Finding } from "@lineshaft/core";
import { type Flow, type Policy, flow } from "@lineshaft/engine";
import { type StockMovement, stockMovement } from "@lineshaft/model";
import type { MoveStock, Odoo, Scrap } from "@lineshaft/odoo";
import type { GoodsMovement, S4 } from "@lineshaft/sap";
import { defined, odooQuantity } from "./odoo-terms.ts";
import { type S4Place, s4Material, storageLocationOf } from "./s4-terms.ts";

export interface StockMovementFlowOptions {
  /** Default `stock movements`. */
  name?: string;
  /** Default `logistics`. */
  owner?: string;
  from?: readonly string[];
  policy?: Policy;
  odoo?: OdooStock;
  s4?: S4Stock;
}

export interface OdooStock {
  system: Odoo;
  /** The plant's locations to Odoo's full names, `FG-1` to `WH/Stock/FG-1`; others are taken as they are. */
  locations?: Readonly<Record<string, string>>;
  /** Counting differences go to or come from here. Without it they are refused. `Virtual Locations/Inventory adjustment` */
  adjustments?: string;
}

export interface S4Stock extends S4Place {
  system: S4;
  /** The plant's reasons for scrap to SAP's movement reasons. */
  reasons?: Readonly<Record<string, string>>;
  costCenter?: string;
}

/**
 * Stock that moves in the plant moves in Odoo and SAP: transfers, receipts, issues, returns and scrap. SAP gets
 * transfers (311), scrap (551) and receipts of purchase orders (101); other kinds have no movement here.
 */
export function stockMovementFlow(options: StockMovementFlowOptions): Flow<StockMovement> {
  const { odoo, s4, from, policy } = options;
  let made = flow(options.name ?? "stock movements", stockMovement, {
    owner: options.owner ?? "logistics",
    purpose: "Stock that moves in the plant moves in Odoo and SAP.",
    ...defined({ from, policy }),
    check: (moved) => (odoo ? fitsOdoo(moved, odoo) : []),
  });
  if (odoo)
    made = made
      .to(odoo.system.moveStock, { when: (moved) => moved.type !== "scrap", map: (moved) => toMove(moved, odoo) })
      .to(odoo.system.scrap, { when: (moved) => moved.type === "scrap", map: (moved) => toScrap(moved, odoo) });
  if (s4) made = made.to(s4.system.goodsMovement, { when: hasMovement, map: (moved) => toS4(moved, s4) });
  return made;
}

function fitsOdoo({ type, lot, toLot, serials }: StockMovement, { adjustments }: OdooStock): Finding[] {
  return [
    ...(type === "adjustment" && adjustments === undefined
      ? [
          {
            field: "/type",
            rule: "stock.adjustment",
            value: type,
            fix: "Send the counted balance, or name a location for adjustments in the flow.",
          },
        ]
      : []),
    ...(toLot !== undefined && toLot !== lot
      ? [
          {
            field: "/toLot",
            rule: "stock.lot-changes",
            value: toLot,
            fix: "Report it as an issue of the old lot and a receipt of the new one.",
          },
        ]
      : []),
    ...(type === "scrap" && (serials?.length ?? 0) > 1
      ? [{ field: "/serials", rule: "stock.scrap-serials", fix: "Report the scrap of each serial number on its own." }]
      : []),
  ];
}

function toMove(moved: StockMovement, { locations = {}, adjustments }: OdooStock): MoveStock {
  const { type, product, quantity, lot, serials, time } = moved;
  const named = (location: string | undefined): string | undefined =>
    location === undefined ? undefined : (locations[location] ?? location);
  const [from, to] = [named(moved.from), named(moved.to)];
  const ends = type === "adjustment" ? { from: from ?? adjustments, to: to ?? adjustments } : { from, to };
  return {
    kind: kindOf(moved),
    product,
    quantity: odooQuantity(quantity),
    movedAt: time,
    ...defined({
      ...ends,
      lot: serials ? undefined : lot,
      lots: serials?.map((serial) => ({ lot: serial, quantity: { value: "1", unit: quantity.unit } })),
      reference: moved.document ?? moved.id,
    }),
  };
}

function kindOf({ type, from, to }: StockMovement): MoveStock["kind"] {
  switch (type) {
    case "receipt":
      return "receipt";
    case "issue":
      return "issue";
    case "return":
      return from === undefined ? "receipt" : to === undefined ? "issue" : "transfer";
    case "transfer":
    case "adjustment":
    case "scrap":
      return "transfer";
  }
}

function toScrap(
  { product, quantity, lot, serials, from, productionOrder, reason }: StockMovement,
  { locations = {} }: OdooStock,
): Scrap {
  return {
    product,
    quantity: odooQuantity(quantity),
    ...defined({
      lot: serials?.[0] ?? lot,
      location: from === undefined ? undefined : (locations[from] ?? from),
      order: productionOrder,
      reason: reason?.slice(0, 250),
    }),
  };
}

function hasMovement({ type, purchaseOrder, orderLine }: StockMovement): boolean {
  return (
    type === "transfer" ||
    type === "scrap" ||
    (type === "receipt" && purchaseOrder !== undefined && orderLine !== undefined)
  );
}

function toS4(moved: StockMovement, s4: S4Stock): GoodsMovement {
  const { type, product, quantity, lot, from, to, time, reason, purchaseOrder = "", orderLine = "" } = moved;
  const base = { postedAt: time, ...defined({ text: moved.document?.slice(0, 25) }) };
  const item = (location: string | undefined) => s4Material({ product, quantity, lot, location }, s4);
  if (type === "scrap") {
    const code = reason === undefined ? undefined : s4.reasons?.[reason];
    return {
      kind: "scrapping",
      ...base,
      items: [{ ...item(from), ...defined({ reason: code, costCenter: s4.costCenter }) }],
    };
  }
  if (type === "receipt")
    return { kind: "purchaseReceipt", ...base, items: [{ ...item(to), purchaseOrder, purchaseOrderItem: orderLine }] };
  return { kind: "transfer", ...base, items: [{ ...item(from), toStorageLocation: storageLocationOf(to, s4) }] };
}
