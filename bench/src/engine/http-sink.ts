import type { Item, Outcome } from "@lineshaft/core";
import { Pool } from "undici";
import { type Reported, type Sink, sinkSystem } from "./sink-system.ts";

/** Calls to one HTTP target at once, and connections kept open for them. */
export const HTTP_IN_FLIGHT = 64;

/** Posts each delivery on its own, over connections that stay open. */
export function httpSink(name: string, url: string): Sink {
  const pool = new Pool(url, { connections: HTTP_IN_FLIGHT });
  const headers = { "content-type": "application/json" };
  const post = async ({ token, value }: Item<Reported>): Promise<Outcome> => {
    const { statusCode, body } = await pool.request({
      path: "/",
      method: "POST",
      headers,
      body: JSON.stringify(value),
    });
    await body.text();
    if (statusCode !== 200) return { kind: "uncertain", message: `The server answered ${statusCode}.` };
    return { kind: "done", receipt: token };
  };
  return sinkSystem({
    name,
    maxBatch: 1,
    limits: { inFlight: HTTP_IN_FLIGHT },
    send: (items) => Promise.all(items.map(post)),
    close: () => pool.close(),
  });
}
