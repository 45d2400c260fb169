import { each, isBlank, neededRule, positiveRule } from "../shared-rules.ts";
import { breach } from "../rules.ts";
import type { Rule } from "../rules.ts";
import type { CompletionCorrection } from "./completion-correction.ts";

export const completionCorrectionRules: readonly Rule<CompletionCorrection>[] = [
  positiveRule("completion-correction.quantity-positive", "A corrected quantity", (it) =>
    each(it.changes, "/changes/*/quantity", ({ quantity }) => quantity),
  ),
  {
    code: "completion-correction.changes-something",
    promise: "A change turns pieces into something else than they were counted as.",
    fix: "Give in from what the pieces were counted as, and in to what they are.",
    check({ changes }, _context, tell) {
      for (const [i, { from, to }] of changes.entries()) if (from === to) tell(breach(`/changes/${i}/to`, to));
    },
  },
  {
    code: "completion-correction.scrap-reason",
    promise: "What becomes scrap comes with a reason.",
    fix: "Give the reason code of the scrap.",
    check({ changes }, _context, tell) {
      for (const [i, { to, reason }] of changes.entries())
        if (to === "scrap" && reason === undefined) tell(breach(`/changes/${i}/reason`));
    },
  },
  neededRule({
    code: "completion-correction.reason-given",
    promise: "A correction says why.",
    fix: "Say in reason why the completion is corrected.",
    field: "/reason",
    missing: (it) => isBlank(it.reason),
  }),
];
