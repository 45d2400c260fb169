import { UnavailableError } from "@lineshaft/core";
import { isRecord } from "../connection.ts";
import { refuse, type Records } from "./records.ts";

/** Our external ids in Odoo live under this module name. */
const MODULE = "lineshaft";

/** `lineshaft.order_4f…`: letters, digits and underscores only; everything else as its code. */
export function externalId(kind: string, key: string): string {
  const safe = key.replace(/[^A-Za-z0-9]/g, (sign) => `_${(sign.codePointAt(0) ?? 0).toString(16)}_`);
  return `${MODULE}.${kind}_${safe}`;
}

/**
 * Creates a record under an external id, or brings the one under it to these values: record and id come in one
 * transaction, so that doing it again makes no second one.
 *
 * @param values by field as `load` names them: `product_id/.id` takes a database id
 * @throws RejectedError with Odoo's message for the row; UnavailableError when another transaction was in the way
 */
export async function loadRecord(
  records: Records,
  model: string,
  id: string,
  values: Readonly<Record<string, string | number | undefined>>,
): Promise<number> {
  const given = Object.entries(values).filter(([, value]) => value !== undefined);
  const fields = ["id", ...given.map(([field]) => field)];
  const row = [id, ...given.map(([, value]) => String(value))];
  const answer = await records.change(model, "load", undefined, { fields, data: [row] });
  const ids: unknown = isRecord(answer) ? answer["ids"] : undefined;
  if (Array.isArray(ids) && typeof ids[0] === "number") return ids[0];
  const said = messagesOf(answer);
  // `load` answers 200 also when it lost against another transaction; nothing of it was kept.
  if (/serialize access|deadlock|could not obtain lock/i.test(said)) {
    throw new UnavailableError(`Odoo gave up loading ${model} ${id} because other work held the same records.`, {
      said,
      next: "It is sent again by itself.",
    });
  }
  throw refuse("odoo-refused", `Odoo did not take ${model} ${id}: ${said}`);
}

function messagesOf(answer: unknown): string {
  const messages: unknown = isRecord(answer) ? answer["messages"] : undefined;
  if (!Array.isArray(messages)) return "no reason given";
  return messages
    .filter(isRecord)
    .map((message) => String(message["message"]))
    .join(" ")
    .slice(0, 1_000);
}
