import type { ErrorCode } from "@lineshaft/core";
import { codeOf } from "./error-text.ts";

/** What a command ends with, for scripts. */
export const exitCodes = {
  ok: 0,
  failure: 1,
  usage: 2,
  configInvalid: 3,
  refused: 4,
  ledgerUnusable: 5,
  auditBroken: 6,
  systemNotReached: 7,
  forced: 130,
} as const;

/** One sentence each, for the docs. */
export const exitCodeMeanings: Record<keyof typeof exitCodes, string> = {
  ok: "It worked, and nothing is wrong.",
  failure: "Something failed that has no code of its own, or `doctor` or `check` found something wrong.",
  usage: "The command was called wrongly.",
  configInvalid: "The project's configuration does not hold together, a secret is missing, or a port is taken.",
  refused: "There is no such thing, or its state does not allow this; nothing was changed.",
  ledgerUnusable: "The ledger is busy, newer, damaged, full, or its disk fails.",
  auditBroken: "The audit chain does not match what is stored.",
  systemNotReached: "A system does not answer, refuses us, or lacks what is needed.",
  forced: "A second Ctrl-C ended it before it had drained.",
};

const byError: Record<ErrorCode, keyof typeof exitCodes> = {
  "config-invalid": "configInvalid",
  "secret-missing": "configInvalid",
  "port-taken": "configInvalid",
  "ledger-busy": "ledgerUnusable",
  "ledger-newer": "ledgerUnusable",
  "ledger-damaged": "ledgerUnusable",
  "ledger-full": "ledgerUnusable",
  "ledger-io": "ledgerUnusable",
  "ledger-refused": "ledgerUnusable",
  "ledger-closed": "ledgerUnusable",
  "lane-lost": "failure",
  "not-found": "refused",
  "wrong-state": "refused",
  "audit-broken": "auditBroken",
  "intake-overloaded": "failure",
  "body-too-large": "failure",
  "not-signed-in": "failure",
  "rate-limited": "failure",
  "system-unavailable": "systemNotReached",
  "system-rejected": "systemNotReached",
  "system-uncertain": "systemNotReached",
  "system-unfit": "systemNotReached",
  "mapping-failed": "failure",
  usage: "usage",
};

export function exitCodeOf(error: unknown): number {
  const code = codeOf(error);
  return exitCodes[code === undefined ? "failure" : byError[code]];
}
