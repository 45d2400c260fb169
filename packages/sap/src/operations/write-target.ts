import { LineshaftError, RejectedError, UnavailableError } from "@lineshaft/core";
import type { Found, Item, Outcome, Target } from "@lineshaft/core";
import { requestId } from "../external-keys.ts";
import type { ODataService, Write, Written } from "../odata/service.ts";

/** What one operation has of its own; the rest is the same for all that write. */
export interface WriteOperation<T> {
  service: ODataService;
  maxBatch: number;
  settleMs: number;
  /** @throws RejectedError when the value can't be said in SAP's terms */
  write(item: Item<T>): Omit<Write, "repeatability">;
  /** Outcomes of what SAP has posted, in order. Never throws: what is posted is posted. */
  posted(done: readonly Posted<T>[], signal: AbortSignal): Promise<Outcome[]>;
  /** A second look at a refusal, which may mean that it stands already. */
  refused?(item: Item<T>, refusal: Outcome, signal: AbortSignal): Promise<Outcome>;
  find(item: Item<T>, signal: AbortSignal): Promise<Found>;
  conflicts(item: Item<T>): string[];
  now(): number;
}

export interface Posted<T> {
  item: Item<T>;
  written: Written;
}

/**
 * How long SAP keeps a RequestID is a matter of its customising, six hours as delivered; the creation time sent with it
 * is the start of such a window, so that it stays the same over the tries of a while and is never out of date.
 */
const REPEATABILITY_WINDOW_MS = 4 * 60 * 60 * 1000;

/** A target that posts one document per item, alone or many in a `$batch`, and finds each again by a key of the item. */
export function writeTarget<T>(operation: WriteOperation<T>): Target<T> {
  return {
    repeat: {
      kind: "lookup",
      settleMs: operation.settleMs,
      find: (item, signal) => findOrUnknown(operation, item, signal),
    },
    maxBatch: operation.maxBatch,
    conflicts: (item) => operation.conflicts(item),
    send: (items, signal) => send(operation, items, signal),
  };
}

/** A look-up that SAP refuses tells nothing about the item. */
async function findOrUnknown<T>(operation: WriteOperation<T>, item: Item<T>, signal: AbortSignal): Promise<Found> {
  try {
    return await operation.find(item, signal);
  } catch (error) {
    if (!(error instanceof RejectedError)) throw error;
    return { kind: "unknown", message: error.message, ...(error.said !== undefined && { evidence: error.said }) };
  }
}

async function send<T>(operation: WriteOperation<T>, items: Item<T>[], signal: AbortSignal): Promise<Outcome[]> {
  const outcomes = new Map<Item<T>, Outcome>();
  const writes: { item: Item<T>; write: Write }[] = [];
  for (const item of items) {
    try {
      writes.push({ item, write: { ...operation.write(item), repeatability: repeatabilityOf(item, operation.now()) } });
    } catch (error) {
      outcomes.set(item, outcomeOf(error));
    }
  }
  const results = await writeAll(
    operation.service,
    writes.map(({ write }) => write),
    signal,
  );
  const posted: Posted<T>[] = [];
  for (const [index, { item }] of writes.entries()) {
    const result = results[index];
    if (result === undefined || result instanceof Error) {
      outcomes.set(item, await afterRefusal(operation, item, outcomeOf(result), signal));
    } else posted.push({ item, written: result });
  }
  const done = await operation.posted(posted, signal);
  for (const [index, { item }] of posted.entries()) outcomes.set(item, done[index] ?? outcomeOf(undefined));
  return items.map((item) => outcomes.get(item) ?? outcomeOf(undefined));
}

async function writeAll(service: ODataService, writes: Write[], signal: AbortSignal): Promise<(Written | Error)[]> {
  const [only] = writes;
  if (only === undefined) return [];
  if (writes.length > 1) return service.writeBatch(writes, signal);
  try {
    return [await service.write(only, signal)];
  } catch (error) {
    return [error instanceof Error ? error : new Error(String(error))];
  }
}

async function afterRefusal<T>(
  operation: WriteOperation<T>,
  item: Item<T>,
  outcome: Outcome,
  signal: AbortSignal,
): Promise<Outcome> {
  if (outcome.kind !== "rejected" || !operation.refused) return outcome;
  return operation.refused(item, outcome, signal);
}

function repeatabilityOf(item: Item<unknown>, now: number): Write["repeatability"] {
  const windows = Math.max(0, Math.floor((now - item.receivedTime) / REPEATABILITY_WINDOW_MS));
  const createdAt = new Date(item.receivedTime + windows * REPEATABILITY_WINDOW_MS).toISOString().slice(0, 19);
  return { requestId: requestId(item.token), createdAt };
}

function outcomeOf(error: unknown): Outcome {
  const message = error instanceof Error ? error.message : "There was no answer for this item.";
  if (!(error instanceof LineshaftError)) return { kind: "uncertain", message };
  const said = error.said === undefined ? {} : { said: error.said };
  if (error instanceof RejectedError) {
    return { kind: "rejected", reason: error.reason, message, next: error.next, ...said };
  }
  if (error instanceof UnavailableError) {
    const wait = error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs };
    return { kind: "unavailable", message, next: error.next, ...wait, ...said };
  }
  return { kind: "uncertain", message, next: error.next, ...said };
}
