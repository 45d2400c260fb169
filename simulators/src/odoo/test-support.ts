import type { OdooSimulator } from "./simulator.ts";

/** Helpers of the simulator's own tests. */
export async function json2(
  simulator: OdooSimulator,
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(`${simulator.url}/json/2/${path}`, {
    method: "POST",
    headers: { authorization: "bearer hub-key", "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}

export async function jsonRpc(
  simulator: OdooSimulator,
  params: unknown,
  id: unknown = 1,
): Promise<Record<string, unknown>> {
  const response = await fetch(`${simulator.url}/jsonrpc`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ jsonrpc: "2.0", method: "call", id, params }),
  });
  return (await response.json()) as Record<string, unknown>;
}

/** What the connector's provisioning leaves: its tables, the unique index, the action, the hub's user in its group. */
export function provisionSimulator(simulator: OdooSimulator): number {
  return simulator.inside((env) => {
    const group = env.create("res.groups", { name: "Lineshaft hub" }).id;
    const applied = { x_name: "char", x_operation: "char", x_receipt: "char", x_model: "char", x_res_id: "integer" };
    const fields = { ...applied, x_about: "char", x_kept: "text" };
    env.create("ir.model", {
      name: "Lineshaft operation",
      model: "x_lineshaft_operation",
      field_id: Object.entries(fields).map(([name, ttype]) => [0, 0, { name, ttype, field_description: name }]),
      access_ids: [[0, 0, { name: "hub", group_id: group, perm_read: true }]],
    });
    env.transaction.undo(env.db.makeUnique("x_lineshaft_operation", "x_name"));
    const groups = env.version >= 19 ? "group_ids" : "groups_id";
    const hub = env.of("res.users", "login", "hub")[0]!;
    env.write("res.users", hub, { [groups]: [[4, group]] });
    return env.create("ir.actions.server", {
      name: "Lineshaft operations",
      model_id: env.of("ir.model", "model", "mrp.production")[0]!.id,
      state: "code",
      code: "LINESHAFT_PROTOCOL = 1\nLINESHAFT_CODE = 'abc123'\n",
      [groups]: [[6, 0, [group]]],
    }).id;
  });
}

/** A product FG with lots, made of two RM each on work center WC, of which there are plenty. */
export function seedFactory(simulator: OdooSimulator): void {
  const { seeding } = simulator;
  seeding.products([{ code: "FG", tracking: "lot" }, { code: "RM" }]);
  seeding.stock({ product: "RM", quantity: 10_000 });
  seeding.bill({
    product: "FG",
    components: [{ product: "RM", quantity: 2 }],
    operations: [{ name: "assemble", workCenter: "WC", minutes: 2 }],
  });
}

export interface OperationItem {
  token: string;
  key: string;
  value: Record<string, unknown>;
}

/** Calls the connector's action as the hub's user over JSON-2. */
export async function runAction(
  simulator: OdooSimulator,
  call: { action: number; operation: string; items: OperationItem[] },
): Promise<Record<string, unknown>[]> {
  const lineshaft = { protocol: 1, operation: call.operation, items: call.items };
  const response = await json2(simulator, "ir.actions.server/run", { ids: [call.action], context: { lineshaft } });
  const answer = (await response.json()) as { lineshaft: { results: Record<string, unknown>[] } };
  return answer.lineshaft.results;
}

export function pieces(count: number): { value: string; unit: string } {
  return { value: String(count), unit: "C62" };
}
