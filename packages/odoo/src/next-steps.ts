import type { ActionReason } from "./protocol.ts";

/** What a person does about each refusal of the server action. */
const steps: Record<ActionReason, string> = {
  "product-unknown": "Create the product in Odoo or correct the reference in the message, then resend.",
  "product-ambiguous": "Archive the double product in Odoo or give it another internal reference, then resend.",
  "unit-unknown": "Map the unit code under `units` of this system, or correct it in the message, then resend.",
  "unit-mismatch": "Report in a unit of the product's own kind, then resend.",
  "too-many-digits": "Report in a smaller unit, or raise the decimal accuracy of Product Unit in Odoo, then resend.",
  "location-unknown": "Name the location as Odoo shows it (WH/Stock), or by its barcode, then resend.",
  "lot-unknown": "Create the lot in Odoo or correct it in the message, then resend.",
  "lot-missing": "Name the lot or serial numbers in the message, or count the component's stock in Odoo, then resend.",
  "lots-sum": "Correct the quantities of the lots, or the yield, in the message, then resend.",
  "serial-count": "Name exactly one serial number for each piece, then resend.",
  "order-unknown": "Release the order to Odoo first, or correct its name, then resend.",
  "order-ambiguous": "Name the order as Odoo shows it, then resend.",
  "order-exists": "The order stands already; drop this delivery, or cancel the order in Odoo and resend.",
  "order-closed": "If the report is right, create an order for it in Odoo or name the open one; otherwise drop it.",
  "order-not-released": "Confirm the order in Odoo, then resend.",
  "bill-unknown": "Create this revision of the bill of materials in Odoo, then resend.",
  "component-unknown": "Add it to the order's by-products in Odoo or leave it out, then resend.",
  "work-center-unknown": "Give the work center this code in Odoo or correct the message, then resend.",
  "operation-unknown": "Name an operation of this order as Odoo shows it, then resend.",
  "loss-unknown": "Create the loss reason in Odoo or name another, then resend.",
  "equipment-unknown": "Create the equipment in Odoo or correct its serial number, then resend.",
  "user-unknown": "Create the user in Odoo, or name another login in the flow, then resend.",
  "nothing-reported": "Correct the quantities in the source's message, then resend.",
  "report-unknown": "Name a report of this order that was completed, or send the report first, then resend.",
  "correction-exceeds": "Correct the quantity: a report can't be corrected by more than it counted. Then resend.",
  "not-reversible":
    "Move the pieces by hand in Odoo (Inventory, from the scrap or stock location), then say that it is done.",
  "consumption-open": "Report the material as lost (scrapped), or report what was made with it, then resend.",
  "lot-held": "Wait for the decision on the hold, or use another lot; resend when it is released.",
  "hold-unknown": "Name a hold that stands, or place it first, then resend.",
  "insufficient-stock": "Count the stock in Odoo or correct lot and location in the message, then resend.",
  "module-missing": "Install the module in Odoo, then resend.",
  "not-completed": "Open the document in Odoo: it asks for a decision. Settle it there, then resend or confirm.",
  "value-invalid": "Correct the message or its mapping, then resend.",
  "odoo-refused": "Correct what Odoo names, in Odoo or in the message, then resend.",
  "odoo-failed": "Read Odoo's log at this time; often an added module failed. Then resend.",
};

export function nextStep(reason: ActionReason): string {
  return steps[reason] ?? steps["odoo-refused"];
}
