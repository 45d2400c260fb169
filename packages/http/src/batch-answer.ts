import type { Answer, TakenBody } from "./answer.ts";
import type { ProblemBody } from "./problem.ts";

/** What became of each fact of a batch, in its order, and how many of each. */
export interface BatchBody {
  accepted: number;
  duplicates: number;
  /** Same id, other content. */
  conflicts: number;
  refused: number;
  /** Not stored; to be sent again. */
  failed: number;
  items: (TakenBody | ProblemBody)[];
}

/**
 * 202 when everything is taken (accepted now or known already), 503 when nothing could be stored, otherwise 207: look
 * at the items. Each item is what the fact alone would have been answered with.
 */
export function summarize(answers: readonly Answer[]): { status: number; body: BatchBody; headers: Answer["headers"] } {
  const count = (...statuses: number[]) => answers.filter((answer) => statuses.includes(answer.status)).length;
  const body: BatchBody = {
    accepted: count(202),
    duplicates: count(200),
    conflicts: count(409),
    refused: count(422, 413),
    failed: count(500, 503),
    items: answers.map((answer) => answer.body),
  };
  const retry = answers.find((answer) => "retry-after" in answer.headers);
  return { status: statusOf(body), body, headers: retry?.headers ?? {} };
}

function statusOf({ accepted, duplicates, failed, items }: BatchBody): number {
  if (accepted + duplicates === items.length) return 202;
  return failed === items.length ? 503 : 207;
}
