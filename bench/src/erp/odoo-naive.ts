/** How the naive loop reaches an Odoo. */
export interface NaiveOdoo {
  url: string;
  database: string;
  login: string;
  key: string;
  version: number;
}

type Call = (
  model: string,
  method: string,
  ids: number[] | undefined,
  args: Record<string, unknown>,
) => Promise<unknown>;

/**
 * Completes orders one call at a time, as a simple integration does: make the lot, write it and the quantity, let Odoo
 * spread the quantity, mark the components as picked, mark the order as done.
 * @returns ms
 */
export async function completeNaively(odoo: NaiveOdoo, orders: readonly string[]): Promise<number> {
  const call = odoo.version >= 19 ? json2(odoo) : await jsonRpc(odoo);
  const rows = await findOrders(call, orders);
  const lotField = odoo.version >= 19 ? "lot_producing_ids" : "lot_producing_id";
  const startedAt = performance.now();
  for (const { id, product, name } of rows) {
    const made = await call("stock.lot", "create", undefined, {
      vals_list: [{ name: `N-${name}`, product_id: product, company_id: 1 }],
    });
    const lot = (made as number[])[0];
    const vals = { qty_producing: 1, [lotField]: odoo.version >= 19 ? [[6, 0, [lot]]] : lot };
    await call("mrp.production", "write", [id], { vals });
    await call("mrp.production", "set_qty_producing", [id], {});
    const unpicked = [
      ["raw_material_production_id", "=", id],
      ["picked", "=", false],
    ];
    const moves = (await call("stock.move", "search", undefined, { domain: unpicked })) as number[];
    if (moves.length > 0) await call("stock.move", "write", moves, { vals: { picked: true } });
    await call("mrp.production", "button_mark_done", [id], {
      context: { skip_backorder: true, skip_redirection: true },
    });
  }
  return performance.now() - startedAt;
}

async function findOrders(call: Call, orders: readonly string[]) {
  const found = (await call("mrp.production", "search_read", undefined, {
    domain: [["origin", "in", orders]],
    fields: ["id", "name", "product_id"],
  })) as { id: number; name: string; product_id: [number, string] }[];
  if (found.length !== orders.length) throw new Error(`Odoo has ${found.length} of the ${orders.length} orders.`);
  return found.map(({ id, name, product_id: [product] }) => ({ id, name, product }));
}

function json2({ url, database, key }: NaiveOdoo): Call {
  const headers = { authorization: `bearer ${key}`, "x-odoo-database": database, "content-type": "application/json" };
  return async (model, method, ids, args) => {
    const body = JSON.stringify({ ...args, ...(ids && { ids }) });
    const response = await fetch(`${url}/json/2/${model}/${method}`, { method: "POST", headers, body });
    const text = await response.text();
    if (response.status !== 200)
      throw new Error(`${method} on ${model} was answered ${response.status}: ${text.slice(0, 300)}`);
    return JSON.parse(text) as unknown;
  };
}

async function jsonRpc({ url, database, login, key }: NaiveOdoo): Promise<Call> {
  const ask = async (service: string, method: string, args: unknown[]): Promise<unknown> => {
    const body = JSON.stringify({ jsonrpc: "2.0", method: "call", id: 1, params: { service, method, args } });
    const headers = { "content-type": "application/json" };
    const response = await fetch(`${url}/jsonrpc`, { method: "POST", headers, body });
    const answer = (await response.json()) as { result?: unknown; error?: unknown };
    if (answer.error !== undefined) throw new Error(`Odoo answered: ${JSON.stringify(answer.error).slice(0, 300)}`);
    return answer.result;
  };
  const uid = await ask("common", "authenticate", [database, login, key, {}]);
  return (model, method, ids, { vals_list: list, ...named }) => {
    const positional = list === undefined ? (ids === undefined ? [] : [ids]) : [list];
    return ask("object", "execute_kw", [database, uid, key, model, method, positional, named]);
  };
}
