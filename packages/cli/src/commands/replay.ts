import { LineshaftError, systemClock } from "@lineshaft/core";
import { type ReplayPlan, type ReplayStep, carryOut, planReplay } from "@lineshaft/engine";
import { Command } from "commander";
import { tell } from "../error-text.ts";
import { exitCodes } from "../exit-codes.ts";
import { loadDefinition, openLedger } from "../open-ledger.ts";
import type { Terminal } from "../terminal.ts";
import { type SelectionOptions, selectionOf, selectionOptions } from "./messages.ts";
import { counted } from "../times.ts";
import { systemUser, wholeNumber } from "./options.ts";

interface ReplayOptions extends SelectionOptions {
  flow?: string;
  system?: string;
  most: number;
  dryRun?: boolean;
  yes?: boolean;
  who: string;
  why?: string;
}

/** Rows of a plan shown to people; --json shows all. */
const SHOWN_STEPS = 50;

export function replayCommand(terminal: Terminal): Command {
  return selectionOptions(new Command("replay"))
    .description("go over a selection of messages again; what stands already is found, not sent twice")
    .option("--flow <name>", "only this flow")
    .option("--system <name>", "only towards this system")
    .option("--most <n>", "most messages", wholeNumber, 10_000)
    .option("--dry-run", "show what it would do and change nothing")
    .option("--yes", "do not ask")
    .option("--why <reason>", "why; goes into the audit trail (not needed with --dry-run)")
    .option("--who <name>", "who; goes into the audit trail", systemUser())
    .action(async (options: ReplayOptions) => {
      mustSelect(options);
      const selection = selectionOf(options, Date.now());
      const definition = await loadDefinition(options);
      await using ledger = await openLedger(options, { readOnly: options.dryRun ?? false });
      terminal.progress("Looking through the messages …");
      const { flow, system, most } = options;
      const plan = await planReplay(ledger, definition, {
        ...selection,
        most,
        ...(flow !== undefined && { flow }),
        ...(system !== undefined && { system }),
      });
      const acts = plan.steps.filter((step) => step.act !== "none").length;
      if (options.dryRun) return showPlan(terminal, plan, acts);
      if (!terminal.json) showPlan(terminal, plan, acts);
      if (acts === 0) return terminal.result({ done: 0, failed: [] }, () => "There is nothing to do.");
      if (!options.yes && !(await terminal.confirm(`Act on ${counted(acts, "delivery", "deliveries")}?`)))
        return terminal.note("Nothing was changed.");
      const by = { who: options.who, why: options.why ?? "", at: systemClock.now() };
      const { done, failed } = await carryOut(ledger, plan, by, (at, of) => terminal.progress(`${at} of ${of} …`));
      if (failed.length > 0) process.exitCode = exitCodes.refused;
      terminal.result({ done, failed: failed.map(({ step, error }) => ({ ...step, error: tell(error) })) }, () =>
        [
          `${done} of ${acts} done.`,
          ...failed.map(({ step, error }) => `Message ${step.message} to ${step.system}: ${tell(error).message}`),
        ].join("\n"),
      );
    });
}

/** Replaying everything by a forgotten option is never meant. */
function mustSelect(options: ReplayOptions): void {
  const { id, key, object, source, contract, search, from, to, flow, system } = options;
  if ([id, key, object, source, contract, search, from, to, flow, system].every((given) => given === undefined))
    throw new LineshaftError("usage", "Nothing is selected.", {
      next: "Select messages with --id, --key, --search, --from and --to, --flow or --system.",
    });
  if (!options.dryRun && !options.why?.trim())
    throw new LineshaftError("usage", "A replay needs a reason.", {
      next: "Give --why; it goes into the audit trail. --dry-run needs none.",
    });
}

const actWords: Record<ReplayStep["act"], string> = {
  create: "send, which was not done before",
  resend: "send again",
  check: "look up, send if absent",
  none: "leave alone",
};

function showPlan(terminal: Terminal, plan: ReplayPlan, acts: number): void {
  if (terminal.json) return terminal.list(plan.steps, [], "");
  terminal.list(
    plan.steps.slice(0, SHOWN_STEPS),
    [
      { title: "message", show: (step) => step.message },
      { title: "key", show: (step) => step.key, flexible: true },
      { title: "to", show: (step) => `${step.system} ${step.operation}` },
      { title: "state", show: (step) => step.state ?? "new" },
      { title: "would", show: (step) => actWords[step.act] },
      { title: "because", show: (step) => step.because, flexible: true },
    ],
    "No message matches.",
  );
  if (plan.steps.length > SHOWN_STEPS) terminal.say(`… and ${plan.steps.length - SHOWN_STEPS} more; --json shows all.`);
  terminal.say(
    `${counted(plan.messages, "message")}, ${counted(plan.steps.length, "delivery", "deliveries")}, ${acts} to act on.`,
  );
  if (plan.cut) terminal.note(`More messages match than --most allows; narrow the selection or raise it.`);
}
