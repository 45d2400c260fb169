import type { Env } from "../env.ts";
import { text } from "../values.ts";

/** Where the connector's action keeps a row for each applied item: its token, unique. */
export const LEDGER = "x_lineshaft_operation";

/** Pieces of a report by what they count as. */
export interface Counted {
  yield: number;
  scrap: number;
  rework: number;
}

/** What a report or a correction of it leaves behind for later corrections. */
export interface Kept {
  counted: Counted;
  /** Ids of the orders it was booked on. */
  orders: number[];
  /** Components that were consumed as told and not by the bill. */
  named: number[];
}

/** What was kept about a thing by these operations, oldest first. */
export function keptAbout<K = Kept>(env: Env, operations: readonly string[], about: string): K[] {
  return env
    .of(LEDGER, "x_about", about)
    .filter((row) => operations.includes(text(row.x_operation)) && text(row.x_kept) !== "")
    .sort((a, b) => a.id - b.id)
    .map((row) => JSON.parse(text(row.x_kept)) as K);
}
