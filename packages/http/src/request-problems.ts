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
