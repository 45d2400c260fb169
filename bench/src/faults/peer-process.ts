import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import type { Socket } from "node:net";
import { seededRandom } from "@lineshaft/testing";
import { tell } from "../child.ts";
import {
  PEER_SYSTEMS,
  type PeerCall,
  type PeerEffect,
  type PeerFaults,
  type PeerItem,
  type PeerOrder,
  type PeerResult,
  type PeerSystem,
  SLOWEST_MS,
  STALE_MS,
  noFaults,
} from "./peer-protocol.ts";

/*
 * The other side of a campaign: it applies what it is sent, in the order in which it comes, misbehaves on order, and
 * counts. It never crashes itself, so what it counted is the truth.
 */

const FASTEST_MS = 150;

let random = seededRandom(1);
let faults: PeerFaults = noFaults;
let effects = emptyEffects();
const sockets = new Set<Socket>();

const server = createServer((request, response) => {
  answer(request, response).catch(() => request.socket.destroy());
});
server.on("connection", (socket) => {
  sockets.add(socket);
  socket.on("close", () => sockets.delete(socket));
});
server.listen(0, "127.0.0.1", () => tell({ url: `http://127.0.0.1:${portOf()}` }));
process.on("disconnect", () => process.exit(0));
process.on("message", (message: PeerOrder) => obey(message));

function obey(message: PeerOrder): void {
  switch (message.order) {
    case "reset":
      random = seededRandom(message.seed);
      effects = emptyEffects();
      return tell({ reset: true });
    case "faults":
      faults = message.faults;
      return;
    case "outage":
      return goAway(message.ms);
    case "effects":
      return tell({
        effects: Object.fromEntries(PEER_SYSTEMS.map((system) => [system, [...effects[system].inOrder]])),
      });
  }
}

/** Refuses connections for a while; those that are open are cut, whatever is on them. */
function goAway(ms: number): void {
  const port = portOf();
  if (!server.listening) return;
  server.close();
  for (const socket of sockets) socket.destroy();
  setTimeout(() => server.listen(port, "127.0.0.1"), ms);
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [, name, operation, token] = (request.url ?? "").split("/");
  if (operation === "health") return reply(response, 200, {});
  const system = PEER_SYSTEMS.find((each) => each === name);
  if (system === undefined) return reply(response, 404, {});
  if (operation === "find") return find(system, token ?? "", response);
  const chunks: Buffer[] = [];
  // What comes late counts where it belongs: a reset may have begun another round meanwhile.
  const standing = effects[system];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  await take({ system, standing }, JSON.parse(Buffer.concat(chunks).toString()) as PeerCall, request, response);
}

async function take(side: Side, call: PeerCall, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (happens(faults.turnAway)) {
    const status = random() < 0.5 ? 429 : 503;
    return reply(response, status, {}, { "retry-after": random() < 0.8 ? "0" : "1" });
  }
  if (happens(faults.dropRequest)) return cut(request);
  if (happens(faults.fail)) return reply(response, 500, {});
  if (happens(faults.slow)) await pause(FASTEST_MS + random() * (SLOWEST_MS - FASTEST_MS));
  if (Date.now() - call.sentAt > STALE_MS) return reply(response, 503, {}, { "retry-after": "0" });
  if (happens(faults.dropHalfway)) {
    for (const item of call.items.slice(0, Math.ceil(call.items.length / 2))) apply(side, item);
    return cut(request);
  }
  const results = call.items.map((item) => apply(side, item));
  if (happens(faults.dropAnswer)) return cut(request);
  if (happens(faults.failApplied)) return reply(response, 500, {});
  reply(response, 200, { results });
}

function apply({ system, standing }: Side, item: PeerItem): PeerResult {
  const { token, key, fact, quantity } = item;
  if (item.refuse) return { kind: "rejected", message: `Order ${key} takes no quantity of ${quantity}.` };
  const { tokens, facts, inOrder } = standing;
  const known = tokens.get(token);
  if (system === "recognising" && known !== undefined) return { kind: "done", receipt: known, already: true };
  if (happens(faults.busyItem)) return { kind: "busy" };
  const effect = { token, key, fact, quantity };
  inOrder.push(effect);
  const receipt = `${system.slice(0, 1)}-${inOrder.length}`;
  if (standing === effects[system] && (known !== undefined || facts.has(fact))) tell({ twice: { system, effect } });
  tokens.set(token, receipt);
  facts.add(fact);
  return { kind: "done", receipt, already: false };
}

async function find(system: PeerSystem, token: string, response: ServerResponse): Promise<void> {
  if (happens(faults.blind)) {
    if (random() < 0.5) return reply(response, 503, {});
    await pause(SLOWEST_MS);
  }
  const receipt = effects[system].tokens.get(token);
  reply(response, 200, receipt === undefined ? {} : { receipt });
}

function happens(share: number): boolean {
  return share > 0 && random() < share;
}

function cut(request: IncomingMessage): void {
  request.socket.destroy();
}

function reply(response: ServerResponse, status: number, body: object, headers: Record<string, string> = {}): void {
  if (response.destroyed) return;
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

interface Side {
  system: PeerSystem;
  standing: Effects;
}

interface Effects {
  inOrder: PeerEffect[];
  tokens: Map<string, string>;
  facts: Set<string>;
}

function emptyEffects(): Record<PeerSystem, Effects> {
  const none = (): Effects => ({ inOrder: [], tokens: new Map(), facts: new Set() });
  return { recognising: none(), forgetful: none() };
}

function portOf(): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}
