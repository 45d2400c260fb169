/** A bare RPC client for the fidelity scripts: no retries, no cleverness, both transports. */
export interface RawCall {
  ids?: readonly number[];
  /** Named as the Python method names them, in its order. */
  args?: Readonly<Record<string, unknown>>;
  context?: Readonly<Record<string, unknown>>;
}

export type Reply = { value: unknown } | { refused: string; status: number; message: string };

export interface RawClient {
  readonly version: number;
  ask(model: string, method: string, call?: RawCall): Promise<Reply>;
}

export interface Peer {
  url: string;
  database: string;
  login: string;
  key: string;
}

/** JSON-2 for 19, JSON-RPC before. */
export async function connect(peer: Peer, version: number): Promise<RawClient> {
  return version >= 19 ? json2Client(peer, version) : jsonRpcClient(peer, version);
}

export async function versionOf(url: string): Promise<number> {
  const reply = await rpc(url, "common", "version", []);
  const info = "result" in reply ? (reply.result as { server_version_info: number[] }).server_version_info : [];
  return info[0] ?? 0;
}

function json2Client(peer: Peer, version: number): RawClient {
  return {
    version,
    async ask(model, method, { ids, args, context } = {}) {
      const response = await fetch(`${peer.url}/json/2/${model}/${method}`, {
        method: "POST",
        headers: {
          authorization: `bearer ${peer.key}`,
          "x-odoo-database": peer.database,
          "content-type": "application/json",
        },
        body: JSON.stringify({ ...args, ...(ids && { ids }), ...(context && { context }) }),
      });
      const text = await response.text();
      const isJson = response.headers.get("content-type")?.startsWith("application/json") ?? false;
      const told: unknown = isJson ? JSON.parse(text) : text;
      if (response.status === 200) return { value: told };
      const { name, message } = isJson ? (told as { name: string; message: string }) : { name: "html", message: "" };
      return { refused: name, status: response.status, message };
    },
  };
}

async function jsonRpcClient(peer: Peer, version: number): Promise<RawClient> {
  const signedIn = await rpc(peer.url, "common", "login", [peer.database, peer.login, peer.key]);
  const uid = "result" in signedIn ? signedIn.result : false;
  return {
    version,
    async ask(model, method, { ids, args = {}, context } = {}) {
      const { vals_list, ...named } = args;
      const positional: unknown[] = ids ? [ids] : [];
      if (vals_list !== undefined) positional.push(vals_list);
      const parameters = [
        peer.database,
        uid,
        peer.key,
        model,
        method,
        positional,
        { ...named, ...(context && { context }) },
      ];
      const reply = await rpc(peer.url, "object", "execute_kw", parameters);
      if ("error" in reply) return { refused: reply.error.data.name, status: 200, message: reply.error.data.message };
      return { value: reply.result ?? null };
    },
  };
}

type RpcReply = { result?: unknown } | { error: { data: { name: string; message: string } } };

async function rpc(url: string, service: string, method: string, args: unknown[]): Promise<RpcReply> {
  const response = await fetch(`${url}/jsonrpc`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ jsonrpc: "2.0", method: "call", id: 1, params: { service, method, args } }),
  });
  return (await response.json()) as RpcReply;
}
