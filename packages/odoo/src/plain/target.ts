import { RejectedError, type Found, type Item, type Operation, type Outcome, type Target } from "@lineshaft/core";
import { conflictsOf } from "../conflicts.ts";
import type { OperationName } from "../operations.ts";
import { openRecords, type Records, type RecordsOptions } from "./records.ts";

/** An operation over ordinary calls, each a transaction of its own. */
export interface PlainOperation<T> {
  /** Does it, so that doing it again after a failure in the middle goes on. @returns the receipt */
  send(records: Records, item: Item<T>): Promise<string>;
  find(records: Records, item: Item<T>): Promise<Found>;
}

export interface PlainTargetOptions<T> extends RecordsOptions {
  name: OperationName;
  handle: Operation<T>;
  operation: PlainOperation<T>;
  /** How long Odoo may go on with a request that nobody waits for any more. */
  settleMs: number;
}

/**
 * One item at a time: several calls make up one effect, and a batch would only blur which of them was lost. After an
 * uncertain call the effect is looked up when Odoo's own limit has surely passed.
 */
export function plainTarget<T>(options: PlainTargetOptions<T>): Target<T> {
  const { name, handle, operation, settleMs } = options;
  return {
    repeat: {
      kind: "lookup",
      settleMs,
      find: async (item, signal) => findItem(operation, await openRecords(options, signal), item),
    },
    maxBatch: 1,
    conflicts: (item) =>
      conflictsOf(name, item.value, options.companyName === undefined ? {} : { company: options.companyName }),
    async send(items, signal) {
      const records = await openRecords(options, signal);
      const outcomes: Outcome[] = [];
      for (const item of items) outcomes.push(await sendItem(handle, operation, records, item));
      return outcomes;
    },
  };
}

async function sendItem<T>(
  handle: Operation<T>,
  operation: PlainOperation<T>,
  records: Records,
  item: Item<T>,
): Promise<Outcome> {
  const [finding] = handle.check(item.value);
  if (finding) {
    const message = `The value does not fit the operation ${handle.name} at ${finding.field || "its top"}: ${finding.value ?? "missing"}.`;
    return { kind: "rejected", reason: "value-invalid", message, next: finding.fix };
  }
  return { kind: "done", receipt: await operation.send(records, item) };
}

/** What cannot be looked for, because what it names does not exist, was surely not applied. */
async function findItem<T>(operation: PlainOperation<T>, records: Records, item: Item<T>): Promise<Found> {
  try {
    return await operation.find(records, item);
  } catch (error) {
    if (error instanceof RejectedError) return { kind: "absent", evidence: error.message };
    throw error;
  }
}
