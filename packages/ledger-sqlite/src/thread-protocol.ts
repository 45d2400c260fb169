import { type ErrorCode, type Ledger, LineshaftError } from "@lineshaft/core";

/** What a ledger in a thread of its own is asked, and answers. Requests are worked off in their order. */
export const METHODS = [
  "registerRoutes",
  "routes",
  "commit",
  "claimLanes",
  "renewLanes",
  "releaseLanes",
  "openDeliveries",
  "openOfKey",
  "inHand",
  "payloads",
  "act",
  "audit",
  "message",
  "messages",
  "deliveries",
  "attempts",
  "refusals",
  "counts",
  "totals",
  "latest",
  "learnIdentities",
  "identity",
  "objectOf",
  "loadCursor",
  "saveCursor",
] as const satisfies readonly (keyof Ledger)[];

export type Method = (typeof METHODS)[number] | "verifyAudit" | "close";

export interface Request {
  id: number;
  method: Method;
  args: readonly unknown[];
}

export type Response =
  | { kind: "opened"; ledger: string }
  | { kind: "failed"; error: ToldError }
  | { kind: "result"; id: number; value: unknown }
  | { kind: "error"; id: number; error: ToldError }
  | { kind: "progress"; id: number; rows: number };

/** An error's words, without the classes that do not cross threads. */
export interface ToldError {
  code: ErrorCode | undefined;
  message: string;
  next: string;
  said: string | undefined;
}

export function tell(error: unknown): ToldError {
  if (error instanceof LineshaftError)
    return { code: error.code, message: error.message, next: error.next, said: error.said };
  return {
    code: undefined,
    message: error instanceof Error ? error.message : String(error),
    next: "",
    said: undefined,
  };
}

export function told({ code, message, next, said }: ToldError): Error {
  if (code === undefined) return new Error(message);
  return new LineshaftError(code, message, { next, ...(said === undefined ? {} : { said }) });
}
