import { type Clock, LANES, type News, systemClock } from "@lineshaft/core";
import type { Connections, Line } from "./connections.ts";
import { lanesFromHex } from "./group.ts";
import { type Statements, quoted } from "./statements.ts";

/** First and longest wait before the connection that listens is made again, in ms. */
const RECONNECT_FIRST_MS = 100;
const RECONNECT_CAP_MS = 5_000;
/** How often it is looked for news where nothing can be listened to, in ms. */
const POLL_MS = 1_000;

export interface NewsOptions {
  sql: Statements;
  channel: string;
  /** This process; what it did itself is no news. */
  session: string;
  serverClock: Clock | undefined;
}

/** Tells listeners what other processes did: by LISTEN, or behind a pooler by looking every second. */
export class NewsLine {
  readonly #connections: Connections;
  readonly #options: NewsOptions;
  readonly #listeners = new Set<(news: News) => void>();
  #stop = new AbortController();
  #running: Promise<void> | undefined;

  constructor(connections: Connections, options: NewsOptions) {
    this.#connections = connections;
    this.#options = options;
  }

  follow(told: (news: News) => void): () => void {
    // A listener of its own for each call, even of the same function.
    const listener = (news: News) => told(news);
    this.#listeners.add(listener);
    if (this.#running === undefined) {
      this.#stop = new AbortController();
      const { signal } = this.#stop;
      this.#running = this.#connections.address.sessions ? this.#listen(signal) : this.#poll(signal);
    }
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) void this.close();
    };
  }

  async close(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    this.#stop.abort(new Error("stopped"));
    await running;
  }

  async #listen(signal: AbortSignal): Promise<void> {
    for (let pauseMs = RECONNECT_FIRST_MS; !signal.aborted; pauseMs = Math.min(pauseMs * 2, RECONNECT_CAP_MS)) {
      const line = await this.#connections.connect().catch(() => undefined);
      if (line !== undefined) {
        if (await this.#hear(line, signal)) pauseMs = RECONNECT_FIRST_MS;
        await line.close();
      }
      if (!signal.aborted) await systemClock.sleep(pauseMs, signal).catch(() => undefined);
    }
  }

  /** Until the connection ends. Whether it began. */
  async #hear(line: Line, signal: AbortSignal): Promise<boolean> {
    line.client.on("notification", ({ payload }) => this.#heard(payload ?? ""));
    try {
      await line.client.query(`listen ${quoted(this.#options.channel)}`);
    } catch {
      return false;
    }
    // What happened while nobody listened.
    this.#lookNow();
    await new Promise<void>((resolve) => {
      line.client.on("end", resolve);
      if (line.broken || signal.aborted) resolve();
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
    return true;
  }

  #heard(payload: string): void {
    const parts = payload.split(" ");
    if (parts.at(-1) === this.#options.session) return;
    if (parts[0] === "accepted") this.#tell({ kind: "accepted", lanes: lanesFromHex(parts[1] ?? "") });
    if (parts[0] === "acts") this.#tell({ kind: "acts" });
    if (parts[0] === "workers") this.#tell({ kind: "workers" });
  }

  async #poll(signal: AbortSignal): Promise<void> {
    let before: Record<string, unknown> | undefined;
    while (!signal.aborted) {
      const clock = this.#options.serverClock?.now() ?? null;
      const [now] = await this.#connections.read(this.#options.sql.newest, [clock]).catch(() => []);
      if (signal.aborted) return;
      if (now !== undefined && before === undefined) this.#lookNow();
      else if (now !== undefined && before !== undefined) {
        if (now["message"] !== before["message"]) this.#tell({ kind: "accepted", lanes: everyLane });
        if (now["audit"] !== before["audit"]) this.#tell({ kind: "acts" });
        if (now["workers"] !== before["workers"]) this.#tell({ kind: "workers" });
      }
      // After a time without the server, everything may have happened.
      before = now;
      await systemClock.sleep(POLL_MS, signal).catch(() => undefined);
    }
  }

  #lookNow(): void {
    this.#tell({ kind: "accepted", lanes: everyLane });
    this.#tell({ kind: "acts" });
    this.#tell({ kind: "workers" });
  }

  #tell(news: News): void {
    for (const listener of this.#listeners) listener(news);
  }
}

const everyLane = Array.from({ length: LANES }, (_, lane) => lane);
