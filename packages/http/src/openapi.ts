import type { Contract } from "@lineshaft/core";
import { problems } from "./problem.ts";
import type { ProblemCode } from "./problem.ts";

/**
 * The OpenAPI 3.1 document of an intake, from the contracts it takes. A contract that is translated is taken in the
 * senders' own form, which the hub has no schema of.
 */
export function openApi(
  name: string,
  contracts: readonly Contract[],
  { callers = [], translate = {} }: { callers?: readonly object[]; translate?: Readonly<Record<string, unknown>> },
): object {
  return {
    openapi: "3.1.0",
    info: { title: `Lineshaft intake ${name}`, version: "1", description: "A fact is answered when it is on disk." },
    paths: Object.fromEntries(
      contracts.flatMap((contract) => pathsOf(contract, Object.hasOwn(translate, contract.id))),
    ),
    components: {
      schemas: { ...Object.fromEntries(contracts.map(({ id, schema }) => [id, schema])), ...answers },
      ...(callers.length > 0 && { securitySchemes: { callerKey: { type: "http", scheme: "bearer" } } }),
    },
    ...(callers.length > 0 && { security: [{ callerKey: [] }] }),
  };
}

function pathsOf(contract: Contract, translated: boolean): [string, object][] {
  const schema = translated ? { description: `Translated into ${contract.id} by the hub.` } : ref(contract.id);
  const one = {
    operationId: `send ${contract.id}`,
    summary: contract.title,
    parameters: [idempotencyKey, traceparent],
    requestBody: { required: true, content: { "application/json": { schema } } },
    responses: {
      ...responses(202, "Taken", "Taken"),
      ...responses(200, "Taken already", "Taken"),
      ...failures(["id-reused", "body-too-large", "fact-refused", ...common]),
    },
  };
  const many = {
    ...one,
    operationId: `send a batch of ${contract.id}`,
    summary: `${contract.title}, many at once`,
    requestBody: {
      required: true,
      content: { "application/json": { schema: { type: "array", items: schema } }, "application/x-ndjson": { schema } },
    },
    responses: {
      ...responses(202, "All taken", "Batch"),
      ...responses(207, "Some not taken: see the items", "Batch"),
      ...failures(["batch-malformed", "batch-too-large", ...common]),
    },
  };
  return [
    [`/v1/facts/${contract.id}`, { post: one }],
    [`/v1/facts/${contract.id}/batch`, { post: many }],
  ];
}

const common: ProblemCode[] = ["not-signed-in", "not-allowed", "type-unsupported", "rate-limited", "intake-overloaded"];

const idempotencyKey = {
  name: "Idempotency-Key",
  in: "header",
  description:
    "The fact's id where its content has none; scoped by caller. In a batch each fact gets `#` and its index behind it.",
  schema: { type: "string", maxLength: 200 },
};

const traceparent = {
  name: "traceparent",
  in: "header",
  description: "W3C Trace Context.",
  schema: { type: "string" },
};

const whole = { type: "integer", minimum: 0 };

const answers = {
  Taken: {
    type: "object",
    required: ["result", "message", "duplicate"],
    properties: {
      result: { enum: ["accepted", "duplicate"] },
      message: { ...whole, description: "The hub's number for the message." },
      duplicate: { type: "boolean" },
    },
  },
  Finding: {
    type: "object",
    required: ["field", "rule", "fix"],
    properties: {
      field: { type: "string", description: "JSON pointer into the fact." },
      rule: { type: "string" },
      value: { type: "string" },
      fix: { type: "string" },
    },
  },
  Problem: {
    type: "object",
    description: "RFC 9457.",
    required: ["type", "title", "status", "code", "detail", "next"],
    properties: {
      type: { type: "string" },
      title: { type: "string" },
      status: whole,
      code: { enum: Object.keys(problems) },
      detail: { type: "string" },
      next: { type: "string" },
      findings: { type: "array", items: ref("Finding") },
      message: whole,
      refusal: whole,
      limit: whole,
    },
  },
  Batch: {
    type: "object",
    required: ["accepted", "duplicates", "conflicts", "refused", "failed", "items"],
    properties: {
      accepted: whole,
      duplicates: whole,
      conflicts: whole,
      refused: whole,
      failed: whole,
      items: { type: "array", items: { anyOf: [ref("Taken"), ref("Problem")] } },
    },
  },
};

function ref(name: string): object {
  return { $ref: `#/components/schemas/${name}` };
}

function responses(status: number, description: string, schema: string): Record<string, object> {
  return { [status]: { description, content: { "application/json": { schema: ref(schema) } } } };
}

/** By status, since several codes may share one. */
function failures(codes: readonly ProblemCode[]): Record<string, object> {
  const content = { "application/problem+json": { schema: ref("Problem") } };
  return Object.fromEntries(
    codes.map((code) => [problems[code].status, { description: problems[code].title, content }]),
  );
}
