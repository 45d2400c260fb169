import { parentPort, workerData } from "node:worker_threads";
import type { Ledger } from "@lineshaft/core";
import { type SqliteLedgerOptions, openInThisThread } from "./open.ts";
import { type Request, type Response, tell } from "./thread-protocol.ts";

/** The other end of `ThreadedLedger`: opens the ledger and works off its requests one after the other. */
async function serve(): Promise<void> {
  const answer = (response: Response) => parentPort?.postMessage(response);
  let ledger: Ledger;
  try {
    ledger = await openInThisThread(workerData as SqliteLedgerOptions);
  } catch (error) {
    answer({ kind: "failed", error: tell(error) });
    return;
  }
  parentPort?.on("message", (request: Request) => void work(ledger, request, answer));
  answer({ kind: "opened", ledger: ledger.id });
}

async function work(
  ledger: Ledger,
  { id, method, args }: Request,
  answer: (response: Response) => void,
): Promise<void> {
  try {
    const call = ledger[method] as (...args: unknown[]) => Promise<unknown>;
    const given = method === "verifyAudit" ? [(rows: number) => answer({ kind: "progress", id, rows })] : [...args];
    answer({ kind: "result", id, value: await call.apply(ledger, given) });
  } catch (error) {
    answer({ kind: "error", id, error: tell(error) });
  }
  if (method === "close") parentPort?.close();
}

await serve();
