import { type IncomingMessage, createServer } from "node:http";
import { text } from "node:stream/consumers";
import { messageOf } from "@lineshaft/core";
import { tell } from "../child.ts";
import { deliveryOf } from "../engine/applied-check.ts";
import type { Posted, TargetName } from "./failover-protocol.ts";

/*
 * Both targets, in a process that outlives every worker: what they applied is what counts. Nothing is applied but what
 * came in full, as with any HTTP server.
 */
const applied = { one: [] as number[], two: [] as number[], recognised: 0 };
const known = { one: new Set<string>(), two: new Set<string>() };

const server = createServer((request, response) => {
  void answer(request).then((body) => response.writeHead(200, { "content-length": body.length }).end(body));
});
server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  tell({ url: `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}` });
});
process.on("message", () => tell({ applied }));
process.on("disconnect", () => process.exit(0));

async function answer(request: IncomingMessage): Promise<string> {
  const items = JSON.parse(await text(request)) as Posted[];
  if (request.url === "/one") apply("one", items.filter(isNew));
  else if (request.url === "/two") apply("two", items);
  else return String(known.two.has(items[0]?.token ?? ""));
  return "true";
}

function isNew({ token }: Posted): boolean {
  if (!known.one.has(token)) return true;
  applied.recognised++;
  return false;
}

function apply(target: TargetName, items: readonly Posted[]): void {
  for (const { token } of items) {
    known[target].add(token);
    applied[target].push(messageOf(deliveryOf(token)));
  }
}
