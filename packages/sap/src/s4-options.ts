import { LineshaftError } from "@lineshaft/core";
import { checkZone } from "./plant-time.ts";
import type { S4Options } from "./s4.ts";

/** rdisp/max_wprun_time as delivered, 600 s, and a little more: SAP has stopped working on a request by then. */
export const DEFAULT_TIMEOUT_MS = 630_000;
/** The update task may commit some time after the dialog step has ended. */
export const DEFAULT_SETTLE_MS = 660_000;
export const DEFAULT_BATCH = 20;
/** Most change sets in one `$batch`; each holds SAP's locks until it is posted. */
const MAX_BATCH = 100;
export const DEFAULT_POLL_MS = 15_000;
export const DEFAULT_OVERLAP_MS = 10 * 60 * 1000;
export const DEFAULT_PAGE = 100;

/** @throws LineshaftError `config-invalid`, naming the option and what to write instead */
export function checkOptions(options: S4Options): void {
  const { name, url, client, zone, zones = {}, timeoutMs = DEFAULT_TIMEOUT_MS, settleMs = DEFAULT_SETTLE_MS } = options;
  const fail = (what: string, next: string) => {
    throw new LineshaftError("config-invalid", `SAP system ${name}: ${what}`, { next });
  };
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    fail(
      `the url ${JSON.stringify(url)} can't be read.`,
      "Give scheme, host and port, such as https://s4.example.com:44300.",
    );
  }
  if (new URL(url).username !== "") fail("the url holds a user name.", "Give username and password as options.");
  if (client !== undefined && !/^\d{3}$/.test(client)) {
    fail(`the client ${JSON.stringify(client)} is not three digits.`, 'Give it as text, such as "100".');
  }
  for (const each of [zone, ...Object.values(zones)]) checkZone(each);
  const { maxBatch = DEFAULT_BATCH, productionOrders: { everyMs = DEFAULT_POLL_MS, pageSize = DEFAULT_PAGE } = {} } =
    options;
  if (!Number.isInteger(maxBatch) || maxBatch < 1 || maxBatch > MAX_BATCH) {
    fail(`maxBatch ${maxBatch} is out of range.`, `Give a whole number from 1 to ${MAX_BATCH}.`);
  }
  if (!(timeoutMs > 0) || !(settleMs >= 0))
    fail("timeoutMs and settleMs must be positive.", "Give them in milliseconds.");
  if (!(everyMs > 0) || !(pageSize >= 1))
    fail("everyMs and pageSize must be positive.", "Leave them out for the defaults.");
}
