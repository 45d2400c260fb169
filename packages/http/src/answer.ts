import { LineshaftError } from "@lineshaft/core";
import type { Log, Receipt } from "@lineshaft/core";
import { RETRY_AFTER_S } from "./options.ts";
import { Problem, problemBody } from "./problem.ts";
import type { ProblemBody } from "./problem.ts";

/** A fact that is on disk and will be worked off, or was already. */
export interface TakenBody {
  result: "accepted" | "duplicate";
  /** The hub's number for the message, to ask for it later. */
  message: number;
  duplicate: boolean;
}

export interface Answer {
  status: number;
  body: TakenBody | ProblemBody;
  headers: Readonly<Record<string, string>>;
}

/** What a caller is told of a receipt. */
export function answerReceipt(receipt: Receipt): Answer {
  if (receipt.kind === "refused") return failed(problemBody("fact-refused", refused(receipt)));
  const { kind, message } = receipt;
  if (kind === "accepted") return taken(202, { result: kind, message, duplicate: false });
  return receipt.differs
    ? failed(problemBody("id-reused", idReused(message)))
    : taken(200, { result: kind, message, duplicate: true });
}

/** What a caller is told when a fact could not be stored. What is not ours to tell goes to the log only. */
export function answerError(error: unknown, log: Log): Answer {
  if (error instanceof Problem) return failed(error.body, error.headers);
  const code = error instanceof LineshaftError ? error.code : undefined;
  if (code === "intake-overloaded" || code === "ledger-full" || code === "ledger-io") {
    const next = `Send it again after ${RETRY_AFTER_S} s, with the same id.`;
    return failed(problemBody(code, { detail: "Nothing was stored.", next }), { "retry-after": String(RETRY_AFTER_S) });
  }
  log.error("A request failed.", { error });
  return failed(
    problemBody("internal", {
      detail: "The cause is in the hub's log.",
      next: "Send it again later, with the same id.",
    }),
  );
}

function refused({ findings, refusal }: Extract<Receipt, { kind: "refused" }>) {
  return {
    detail: `The fact has ${findings.length} findings. It is kept as refusal ${refusal} and applied nowhere.`,
    next: "Mend what the findings name, then send it again.",
    findings,
    refusal,
  };
}

function idReused(message: number) {
  return {
    detail: `Message ${message} has the same id and another content. What came now is kept as evidence and applied nowhere.`,
    next: "Send a new fact under a new id. To correct an earlier fact, send the correction as a fact of its own.",
    message,
  };
}

function taken(status: number, body: TakenBody): Answer {
  return { status, body, headers: {} };
}

function failed(body: ProblemBody, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status: body.status, body, headers };
}
