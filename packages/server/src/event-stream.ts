import type { ServerResponse } from "node:http";
import type { Clock, Log, Timer } from "@lineshaft/core";
import type { FastifyInstance } from "fastify";
import type { LiveStatus } from "./live-status.ts";

/** Most pages that may watch at once; more are told to come back later. */
export const WATCHERS = 50;
/** Time between two events, in ms. */
export const EVENT_MS = 1_000;
/** A watcher that reads so slowly that this many bytes wait for it is left out until it has caught up. */
const WATCHER_BUFFER_BYTES = 512 * 1024;

export interface EventStreamOptions {
  read: () => Promise<LiveStatus>;
  clock: Clock;
  log: Log;
}

/** `GET /api/events`: the live status once per second, read once for all who watch and not at all while nobody does. */
export function eventStream(app: FastifyInstance, { read, clock, log }: EventStreamOptions): { close(): void } {
  const watchers = new Set<ServerResponse>();
  let timer: Timer | undefined;
  let closed = false;

  const tick = async (): Promise<void> => {
    try {
      const event = `event: status\ndata: ${JSON.stringify(await read())}\n\n`;
      for (const watcher of watchers) if (watcher.writableLength < WATCHER_BUFFER_BYTES) watcher.write(event);
    } catch (error) {
      log.warn("The live status could not be read.", { error: error instanceof Error ? error.message : String(error) });
    }
    schedule();
  };
  const schedule = (): void => {
    timer = watchers.size > 0 && !closed ? clock.after(EVENT_MS, () => void tick()) : undefined;
  };

  app.get("/api/events", (_request, reply) => {
    if (watchers.size >= WATCHERS || closed)
      return reply
        .code(503)
        .header("retry-after", "10")
        .send({
          code: "rate-limited",
          message: `${WATCHERS} pages watch already.`,
          next: "Close some of them.",
        });
    const response = reply.hijack().raw;
    response.writeHead(200, {
      "content-type": "text/event-stream",
      "cache-control": "no-store",
      connection: "keep-alive",
    });
    response.write("retry: 2000\n\n");
    watchers.add(response);
    response.on("close", () => watchers.delete(response));
    // Its first event comes at once; the others watch on in their own rhythm.
    if (timer === undefined && watchers.size === 1) void tick();
    else
      void read().then(
        (status) => response.write(`event: status\ndata: ${JSON.stringify(status)}\n\n`),
        () => response.end(),
      );
    return reply;
  });

  return {
    close() {
      closed = true;
      timer?.cancel();
      for (const watcher of watchers) watcher.end();
    },
  };
}
