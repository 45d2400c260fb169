import { once } from "node:events";
import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { ORDER_BODY_BYTES } from "./limits.ts";
import type { LineOrder } from "./machine.ts";

export interface LineTerminal extends AsyncDisposable {
  /** `http://127.0.0.1:40123`: `POST /orders` takes one order for a machine. */
  readonly url: string;
}

/** What became of an order: `known`, it had come before. */
export type OrderTaken = "taken" | "known" | "unknown-work-center" | "too-many";

const statuses: Record<OrderTaken, number> = { taken: 201, known: 200, "unknown-work-center": 404, "too-many": 503 };

/** The terminal at a line, which is told by those above what its machines shall make. On 127.0.0.1. */
export async function startLineTerminal(take: (order: LineOrder) => OrderTaken): Promise<LineTerminal> {
  const server = createServer((request, response) => void answer(request, response, take));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  take: (order: LineOrder) => OrderTaken,
): Promise<void> {
  const send = (status: number, said: string) => {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify({ said }));
  };
  if (request.method !== "POST" || request.url !== "/orders") return send(404, "POST /orders takes orders.");
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += (chunk as Buffer).length;
    if (bytes <= ORDER_BODY_BYTES) chunks.push(chunk as Buffer);
  }
  if (bytes > ORDER_BODY_BYTES) return send(413, `An order has at most ${ORDER_BODY_BYTES} bytes.`);
  const order = readOrder(Buffer.concat(chunks).toString("utf8"));
  if (order === undefined)
    return send(400, "An order has productionOrder, product, workCenter and a whole quantity above nought.");
  const taken = take(order);
  send(statuses[taken], taken);
}

function readOrder(text: string): LineOrder | undefined {
  try {
    const { productionOrder, product, quantity, workCenter } = JSON.parse(text) as Record<string, unknown>;
    if (typeof productionOrder !== "string" || typeof product !== "string" || typeof workCenter !== "string")
      return undefined;
    if (!Number.isSafeInteger(quantity) || (quantity as number) < 1) return undefined;
    return { productionOrder, product, quantity: quantity as number, workCenter };
  } catch {
    return undefined;
  }
}
