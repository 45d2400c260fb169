import type { Found, Item, Outcome, Target } from "@lineshaft/core";
import { alpha, referenceDocument, unalpha } from "../external-keys.ts";
import { compare, dateLiteral, stringLiteral } from "../odata/literal.ts";
import { showMessage } from "../odata/sap-message.ts";
import { textField } from "../odata/service.ts";
import type { Entity, ODataService } from "../odata/service.ts";
import { toPlantTime } from "../plant-time.ts";
import type { Terms } from "./confirmation-body.ts";
import { orderKey, stockKey } from "./conflict-keys.ts";
import { goodsMovementBody, reversalPath } from "./goods-movement-body.ts";
import type { Posting, Reversal } from "./goods-movement-body.ts";
import type { GoodsMovement } from "./goods-movement.ts";
import { writeTarget } from "./write-target.ts";
import type { Posted } from "./write-target.ts";

export interface GoodsMovementOptions {
  service: ODataService;
  terms: Terms;
  maxBatch: number;
  settleMs: number;
  now: () => number;
}

/** SAP's `CreationDate` is of the server's own zone, at most a day away from the hub's. */
const WINDOW_MS = 24 * 60 * 60 * 1000;

/**
 * Posts material documents and reverses them. A document carries a key made from the item's token in
 * `ReferenceDocument`, a reversal names the document it reverses; by these they are found again.
 */
export function goodsMovementTarget(options: GoodsMovementOptions): Target<GoodsMovement> {
  const find = (item: Item<GoodsMovement>, signal: AbortSignal) => {
    const { value } = item;
    return value.kind === "reversal"
      ? findReversal(value, options.service, signal)
      : findPosting(item, options, signal);
  };
  return writeTarget<GoodsMovement>({
    ...options,
    write: (item) => writeOf(item, options.terms),
    posted: (posted) => Promise.resolve(posted.map((each) => postedOutcome(each))),
    refused: (item, refusal, signal) => alreadyReversed(item, refusal, find, signal),
    find,
    conflicts: ({ value }) => conflictsOf(value),
  });
}

function writeOf({ token, value }: Item<GoodsMovement>, terms: Terms) {
  const action = actionOf(value);
  if (value.kind === "reversal") return { action, path: reversalPath(value, terms.zoneOf(undefined)) };
  return { action, path: "A_MaterialDocumentHeader", body: goodsMovementBody(value, referenceDocument(token), terms) };
}

function postedOutcome({ item, written }: Posted<GoodsMovement>): Outcome {
  const receipt = receiptOf(written.entity);
  if (receipt === undefined) {
    const message = `SAP said yes to the ${actionOf(item.value)}, but named no material document.`;
    return { kind: "uncertain", message, next: "The hub looks it up." };
  }
  const warnings = written.messages.filter(({ severity }) => severity === "warning" || severity === "error");
  return {
    kind: "done",
    receipt,
    response: { materialDocument: receipt, messages: written.messages, repeatable: written.repeatable },
    ...(warnings.length > 0 && { note: warnings.map((warning) => showMessage(warning)).join("; ") }),
  };
}

/** A document can be reversed only once: a refusal may come from a reversal that stands. */
async function alreadyReversed(
  item: Item<GoodsMovement>,
  refusal: Outcome,
  find: (item: Item<GoodsMovement>, signal: AbortSignal) => Promise<Found>,
  signal: AbortSignal,
): Promise<Outcome> {
  if (item.value.kind !== "reversal") return refusal;
  try {
    const found = await find(item, signal);
    return found.kind === "found" ? { kind: "done", receipt: found.receipt, already: true } : refusal;
  } catch {
    // It could not be looked at; SAP's own word stands.
    return refusal;
  }
}

async function findPosting(
  { token, receivedTime }: Item<GoodsMovement>,
  { service, terms }: GoodsMovementOptions,
  signal: AbortSignal,
): Promise<Found> {
  const reference = referenceDocument(token);
  const since = toPlantTime(receivedTime - WINDOW_MS, terms.zoneOf(undefined)).date;
  const filter = `${compare("ReferenceDocument", "eq", stringLiteral(reference))} and ${compare("CreationDate", "ge", dateLiteral(since))}`;
  const documents = await service.readAll("A_MaterialDocumentHeader", { $filter: filter }, signal);
  const [receipt, ...others] = documents.map((document) => receiptOf(document)).filter((each) => each !== undefined);
  if (receipt === undefined) {
    return { kind: "absent", evidence: `There is no material document with reference ${reference} since ${since}.` };
  }
  const note =
    others.length === 0
      ? {}
      : { note: `It stands ${others.length + 1} times in SAP: ${others.join(", ")} should be reversed.` };
  return { kind: "found", receipt, response: { materialDocument: receipt, reference }, ...note };
}

async function findReversal(value: Reversal, service: ODataService, signal: AbortSignal): Promise<Found> {
  const document = stringLiteral(alpha(value.document, 10));
  const filter = `${compare("ReversedMaterialDocument", "eq", document)} and ${compare("ReversedMaterialDocumentYear", "eq", stringLiteral(value.year))}`;
  const page = await service.readPage("A_MaterialDocumentItem", { $filter: filter, $top: "1" }, signal);
  const receipt = page.results[0] && receiptOf(page.results[0]);
  if (receipt === undefined) {
    return { kind: "absent", evidence: `Nothing reverses material document ${value.document}/${value.year}.` };
  }
  return { kind: "found", receipt, response: { materialDocument: receipt } };
}

function conflictsOf(value: GoodsMovement): string[] {
  if (value.kind === "reversal") return [`document ${unalpha(value.document)}/${value.year}`];
  return [...new Set([...stockOf(value), ...ordersOf(value)])];
}

function stockOf(value: Posting): string[] {
  if (value.kind !== "transfer") return value.items.map((item) => stockKey(item));
  return value.items.flatMap((item) => [
    stockKey(item),
    stockKey({ ...item, storageLocation: item.toStorageLocation }),
  ]);
}

function ordersOf(value: Posting): string[] {
  if (value.kind === "transfer" || value.kind === "scrapping") return [];
  if (value.kind === "purchaseReceipt")
    return value.items.map((item) => `purchase order ${unalpha(item.purchaseOrder)}`);
  return value.items.map((item) => orderKey(item.order));
}

/** `document/year`. */
function receiptOf(entity: Entity): string | undefined {
  const document = textField(entity, "MaterialDocument");
  const year = textField(entity, "MaterialDocumentYear");
  return document === undefined || year === undefined ? undefined : `${document}/${year}`;
}

const names: Record<Posting["kind"], string> = {
  orderReceipt: "receipt from the order (101)",
  purchaseReceipt: "receipt for the purchase order (101)",
  orderIssue: "issue to the order (261)",
  transfer: "transfer (311)",
  byProduct: "receipt of the by-product (531)",
  scrapping: "scrapping (551)",
};

function actionOf(value: GoodsMovement): string {
  if (value.kind === "reversal") return `reversal of material document ${unalpha(value.document)}/${value.year}`;
  const [first, ...others] = value.items;
  const more = others.length === 0 ? "" : ` and ${others.length} more`;
  return `${names[value.kind]} of ${first?.quantity ?? ""} ${first?.unit ?? ""} ${first?.material ?? ""}${more}`;
}
