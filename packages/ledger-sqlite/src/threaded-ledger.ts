import { Worker } from "node:worker_threads";
import { type Ledger, LineshaftError } from "@lineshaft/core";
import type { SqliteLedgerOptions } from "./open.ts";
import { METHODS, type Method, type Request, type Response, told } from "./thread-protocol.ts";

/** Beside this file, as source or compiled. */
const threadFile = new URL(import.meta.url.endsWith(".ts") ? "./thread.ts" : "./thread.js", import.meta.url);

interface Asked {
  resolve: (value: never) => void;
  reject: (error: Error) => void;
  progress?: ((rows: number) => void) | undefined;
}

/**
 * Opens the embedded ledger in a thread of its own: while that one writes and syncs, this one reads sockets, checks and
 * maps. Requests are worked off in the order in which they are made.
 */
export function openThreadedLedger(options: SqliteLedgerOptions): Promise<Ledger> {
  return new Promise((resolve, reject) => {
    const thread = new Worker(threadFile, { workerData: options });
    const asked = new Map<number, Asked>();
    let ended: Error | undefined;
    const end = (error: Error) => {
      ended ??= error;
      reject(error);
      for (const a of asked.values()) a.reject(error);
      asked.clear();
    };
    thread.on("error", (cause) => end(lost(options.path, cause)));
    thread.on("exit", () => end(closed(options.path)));
    thread.on("message", (response: Response) => {
      if (response.kind === "failed") return end(told(response.error));
      if (response.kind !== "opened") return settle(asked, response, thread);
      thread.unref();
      return resolve(ledgerOf(response.ledger, ask, () => ended !== undefined));
    });
    let last = 0;
    function ask(method: Method, args: readonly unknown[], progress?: (rows: number) => void): Promise<never> {
      if (ended !== undefined) return Promise.reject(ended);
      return new Promise((done, failed) => {
        const request: Request = { id: ++last, method, args };
        // Only what is asked keeps the process alive.
        if (asked.size === 0) thread.ref();
        asked.set(request.id, { resolve: done, reject: failed, progress });
        thread.postMessage(request);
      });
    }
  });
}

function settle(asked: Map<number, Asked>, response: Extract<Response, { id: number }>, thread: Worker): void {
  const waiting = asked.get(response.id);
  if (waiting === undefined) return;
  if (response.kind === "progress") return waiting.progress?.(response.rows);
  asked.delete(response.id);
  if (asked.size === 0) thread.unref();
  if (response.kind === "error") waiting.reject(told(response.error));
  else waiting.resolve(response.value as never);
}

type Ask = (method: Method, args: readonly unknown[], progress?: (rows: number) => void) => Promise<never>;

function ledgerOf(id: string, ask: Ask, isEnded: () => boolean): Ledger {
  const calls = Object.fromEntries(
    METHODS.map((method) => [method, (...args: unknown[]) => ask(method, args)]),
  ) as unknown as Pick<Ledger, (typeof METHODS)[number]>;
  const close = async (): Promise<void> => {
    if (!isEnded()) await ask("close", []);
  };
  return {
    ...calls,
    engine: "sqlite",
    id,
    verifyAudit: (progress) => ask("verifyAudit", [], progress),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function lost(path: string, cause: Error): LineshaftError {
  return new LineshaftError("ledger-io", `The thread that keeps the ledger ${path} ended in an error.`, {
    next: "Start the hub again. Nothing was acknowledged that is not stored.",
    said: cause.message,
    cause,
  });
}

function closed(path: string): LineshaftError {
  return new LineshaftError("ledger-closed", `The ledger ${path} is closed.`, { next: "Start the hub again." });
}
