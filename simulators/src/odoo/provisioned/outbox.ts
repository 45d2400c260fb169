import type { Env } from "../env.ts";

const OUTBOX = "x_lineshaft_outbox";

/** Writes what automations noted in this transaction to the outbox, a row for each record and event. */
export function flushOutbox(env: Env): void {
  if (env.transaction.noted.size === 0 || !env.db.has(OUTBOX)) return;
  const noted = [...env.transaction.noted.values()];
  env.transaction.noted.clear();
  for (const { model, id, event } of noted) env.create(OUTBOX, { x_name: model, x_res_id: id, x_event: event });
}

/** What an installed automation of ours watches, read from its code. */
export function watchedBy(code: string): { model: string; event: string } | undefined {
  const found = /env\['x_lineshaft_outbox'\].*'x_name': '([\w.]+)'.*'x_event': '(\w+)'/.exec(code);
  return found ? { model: found[1]!, event: found[2]! } : undefined;
}
