/**
 * Every error a person may see has one of these codes. The table says when it is thrown; docs list it by the same codes.
 */
export const errorCodes = {
  "config-invalid": "The project's configuration does not hold together",
  "secret-missing": "A secret's reference leads nowhere",
  "ledger-busy": "Another process works on this ledger",
  "ledger-newer": "The ledger was written by a newer Lineshaft",
  "ledger-damaged": "The ledger's file is damaged or is not a ledger",
  "ledger-full": "The disk or the ledger's limit is full",
  "ledger-io": "The disk failed to write or to sync",
  "ledger-refused": "The ledger's server refuses the hub, or is unfit",
  "ledger-closed": "The ledger is closed",
  "lane-lost": "The worker no longer owns the lane",
  "port-taken": "Another process listens on the port",
  "not-found": "No such message, delivery or file",
  "wrong-state": "The delivery is in a state that does not allow this",
  "audit-broken": "The audit chain does not match what is stored",
  "intake-overloaded": "More facts are waiting than the intake holds",
  "body-too-large": "A body exceeds its limit",
  "not-signed-in": "The caller's key is missing or unknown",
  "rate-limited": "The caller sends more than it may",
  "system-unavailable": "A system does not answer or says to come back later",
  "system-rejected": "A system will never accept the request as it is",
  "system-uncertain": "A request left, and nobody knows whether it was applied",
  "system-unfit": "A system lacks what the connector needs",
  "mapping-failed": "A flow's mapping threw",
  usage: "A command was called wrongly",
} as const;

export type ErrorCode = keyof typeof errorCodes;

export interface ErrorDetails {
  /** What to do next, as a sentence. */
  next: string;
  /** What the other side said, shortened and without secrets. */
  said?: string;
  cause?: unknown;
}

/** An error told in full: what was tried and with which value (message), what the other side said, what to do next. */
export class LineshaftError extends Error {
  readonly code: ErrorCode;
  readonly next: string;
  readonly said: string | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails) {
    super(message, { cause: details.cause });
    this.name = new.target.name;
    this.code = code;
    this.next = details.next;
    this.said = details.said;
  }
}

/** The request was surely not applied: refused connection, 429, 503 before work began, lock conflict. Try again later. */
export class UnavailableError extends LineshaftError {
  /** The other side's own wish, in milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, details: ErrorDetails & { retryAfterMs?: number }) {
    super("system-unavailable", message, details);
    this.retryAfterMs = details.retryAfterMs;
  }
}

/** The request will never be accepted as it is. A person or another message has to change something. */
export class RejectedError extends LineshaftError {
  /** Stable word of the connector for what was refused: `lot-exists`, `order-closed`. */
  readonly reason: string;

  constructor(message: string, details: ErrorDetails & { reason: string }) {
    super("system-rejected", message, details);
    this.reason = details.reason;
  }
}

/** The request left, and no answer tells whether it was applied: time-out, cut connection, 500 without a word. */
export class UncertainError extends LineshaftError {
  constructor(message: string, details: ErrorDetails) {
    super("system-uncertain", message, details);
  }
}

/** One line for a log or a table: message, what the other side said, and the next step. */
export function explain(error: unknown): string {
  if (!(error instanceof LineshaftError)) return error instanceof Error ? error.message : String(error);
  return [error.message, error.said ? `It said: ${endSentence(error.said)}` : "", error.next].filter(Boolean).join(" ");
}

/** What a system said often ends without a full stop, and the next step would run into it. */
function endSentence(text: string): string {
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}
