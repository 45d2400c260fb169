import type { Caller } from "./callers.ts";
import { RETRY_AFTER_S } from "./options.ts";
import { Problem } from "./problem.ts";

/** Fastify's own refusals of a request, in our words. Anything else is passed on. */
export function asProblem(error: unknown): unknown {
  if (!(error instanceof Error) || !("code" in error)) return error;
  switch (error.code) {
    case "FST_ERR_CTP_BODY_TOO_LARGE":
      return new Problem("body-too-large", {
        detail: "The body has more bytes than are taken here.",
        next: "Send smaller facts, or batches of fewer.",
      });
    case "FST_ERR_CTP_INVALID_MEDIA_TYPE":
    case "FST_ERR_CTP_INVALID_CONTENT_TYPE":
      return new Problem("type-unsupported", {
        detail: "The body is not of a type that is taken here.",
        next: "Send application/json, or application/x-ndjson for a batch.",
      });
    case "FST_ERR_CTP_INVALID_CONTENT_LENGTH":
      return new Problem("request-malformed", {
        detail: "The body is not as long as Content-Length says.",
        next: "Send the whole body.",
      });
    default:
      return error;
  }
}

export function unknownContract(id: string, known: readonly string[]): Problem {
  return new Problem("contract-unknown", {
    detail: `No contract ${id.slice(0, 64)} is taken here.`,
    next: `Send one of: ${known.join(", ")}.`,
  });
}

export function notAllowed(caller: Caller, contract: string): Problem {
  return new Problem("not-allowed", {
    detail: `${caller.name ?? "This caller"} may not send ${contract}.`,
    next: "Have the contract added to the caller in the hub's configuration.",
  });
}

export function rateLimited(caller: Caller, waitMs: number): Problem {
  const seconds = Math.ceil(waitMs / 1000);
  return new Problem(
    "rate-limited",
    { detail: `${caller.name ?? "This caller"} sends faster than agreed.`, next: `Send it again after ${seconds} s.` },
    { "retry-after": String(seconds) },
  );
}

export function crowded(): Problem {
  return new Problem(
    "intake-overloaded",
    { detail: "Too many bodies are under way.", next: `Send it again after ${RETRY_AFTER_S} s.` },
    { "retry-after": String(RETRY_AFTER_S) },
  );
}

export function typeUnsupported(detail: string, next: string): Problem {
  return new Problem("type-unsupported", { detail, next });
}

export function batchMalformed(detail: string): Problem {
  return new Problem("batch-malformed", {
    detail,
    next: "Send a JSON array, or one JSON object per line as application/x-ndjson. Nothing of it was taken.",
  });
}

export function batchTooLarge(limit: number): Problem {
  return new Problem("batch-too-large", {
    detail: `The batch has more than ${limit} facts. Nothing of it was taken.`,
    next: "Send it in several.",
    limit,
  });
}

export function itemTooLarge(bytes: number, limit: number): Problem {
  return new Problem("body-too-large", {
    detail: `The fact has ${bytes} bytes.`,
    next: `Send at most ${limit} bytes per fact.`,
    limit,
  });
}
