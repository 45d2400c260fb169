import type { Finding } from "@lineshaft/core";

/** Every way a request can fail: its status and title. The codes are stable; docs/connectors/http.md lists them. */
export const problems = {
  "batch-malformed": { status: 400, title: "The batch cannot be taken apart" },
  "id-invalid": { status: 400, title: "The Idempotency-Key is not usable" },
  "request-malformed": { status: 400, title: "The request is not HTTP as it should be" },
  "not-signed-in": { status: 401, title: "The caller's key is missing or unknown" },
  "not-allowed": { status: 403, title: "The caller may not send this contract" },
  "contract-unknown": { status: 404, title: "This contract is not taken here" },
  "not-found": { status: 404, title: "There is nothing here" },
  "id-reused": { status: 409, title: "Another fact has this id already" },
  "body-too-large": { status: 413, title: "The body exceeds its limit" },
  "batch-too-large": { status: 413, title: "The batch has too many facts" },
  "type-unsupported": { status: 415, title: "This form of body is not taken" },
  "fact-refused": { status: 422, title: "The fact breaks rules of its contract" },
  "rate-limited": { status: 429, title: "The caller sends more than it may" },
  "headers-too-large": { status: 431, title: "The headers exceed their limit" },
  internal: { status: 500, title: "The hub failed" },
  "intake-overloaded": { status: 503, title: "More facts are waiting than the hub holds" },
  "ledger-full": { status: 503, title: "The hub's disk is full" },
  "ledger-io": { status: 503, title: "The hub's disk fails" },
  stopping: { status: 503, title: "The hub is stopping" },
} as const;

export type ProblemCode = keyof typeof problems;

/** A problem document (RFC 9457). */
export interface ProblemBody {
  /** `urn:lineshaft:problem:` and the code. */
  type: string;
  title: string;
  status: number;
  code: ProblemCode;
  /** What happened here, with its values. */
  detail: string;
  /** What the caller should do. */
  next: string;
  findings?: readonly Finding[];
  /** The message that has the id already. */
  message?: number;
  /** Under which number the hub keeps what it refused. */
  refusal?: number;
  /** The limit that was exceeded. */
  limit?: number;
}

export type ProblemDetails = Pick<ProblemBody, "detail" | "next" | "findings" | "message" | "refusal" | "limit">;

export const PROBLEM_TYPE = "application/problem+json";

export function problemBody(code: ProblemCode, details: ProblemDetails): ProblemBody {
  return { type: `urn:lineshaft:problem:${code}`, ...problems[code], code, ...details };
}

/** Thrown in a route, answered as its document. */
export class Problem extends Error {
  readonly code: ProblemCode;
  readonly body: ProblemBody;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: ProblemCode, details: ProblemDetails, headers: Readonly<Record<string, string>> = {}) {
    super(details.detail);
    this.code = code;
    this.body = problemBody(code, details);
    this.headers = headers;
  }
}
