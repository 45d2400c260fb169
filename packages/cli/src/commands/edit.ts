import { readFileSync } from "node:fs";
import { type Ledger, LineshaftError, systemClock } from "@lineshaft/core";
import { editAndResend } from "@lineshaft/engine";
import { Command } from "commander";
import { exitCodes } from "../exit-codes.ts";
import { type Change, changesBetween, setAtPointer } from "../json-pointer.ts";
import { loadDefinition, openLedger } from "../open-ledger.ts";
import type { Terminal } from "../terminal.ts";
import { type ActOptions, actOptions, collect, wholeNumber } from "./options.ts";

interface EditOptions extends ActOptions {
  set?: string[];
  file?: string;
  dryRun?: boolean;
}

/** Longest payload read from a file, in bytes; the intake's own limit for a fact. */
const FILE_BYTES = 1024 * 1024;

export function editCommand(terminal: Terminal): Command {
  return actOptions(new Command("edit"))
    .description("send a parked delivery again with a corrected payload; the original is kept")
    .argument("<delivery>", "its number, as lineshaft parked shows it", wholeNumber)
    .option("--set </pointer=value>", "set one field: --set /yield/value=12; may be given more than once", collect)
    .option("--file <json>", "take the whole payload from a file")
    .option("--dry-run", "show the change and change nothing")
    .action(async (delivery: number, options: EditOptions) => {
      const definition = await loadDefinition(options);
      await using ledger = await openLedger(options, { readOnly: options.dryRun ?? false });
      const before = await payloadOf(ledger, delivery);
      const canonical = editedPayload(before, options);
      const changes = changesBetween(before, canonical);
      if (changes.length === 0)
        throw new LineshaftError("usage", "Nothing would change.", {
          next: "Name a field with --set, or give --file.",
        });
      if (!terminal.json) showChanges(terminal, changes);
      if (options.dryRun)
        return terminal.result({ delivery, changes, sent: false }, () => "Nothing was changed (--dry-run).");
      const at = systemClock.now();
      const edited = await editAndResend(ledger, definition, {
        delivery,
        canonical,
        who: options.who,
        why: options.why,
        at,
      });
      if (edited.edited)
        return terminal.result(
          { ...edited.entry, delivery, changes },
          () => `Delivery ${delivery}: it goes out again, edited.`,
        );
      refuse(terminal, edited.findings);
    });
}

async function payloadOf(ledger: Ledger, delivery: number): Promise<unknown> {
  const [found] = await ledger.deliveries({ ids: [delivery], limit: 1 });
  const message = found && (await ledger.message(found.message));
  if (message === undefined)
    throw new LineshaftError("not-found", `There is no delivery ${delivery}.`, {
      next: "List what waits with lineshaft parked.",
    });
  return JSON.parse(found?.edited ?? message.canonical) as unknown;
}

function editedPayload(before: unknown, { set = [], file }: EditOptions): unknown {
  let payload = file === undefined ? structuredClone(before) : readPayload(file);
  for (const assignment of set) {
    const at = assignment.indexOf("=");
    if (!assignment.startsWith("/") || at < 0)
      throw new LineshaftError("usage", `${assignment} sets nothing.`, { next: "Write --set /yield/value=12." });
    payload = setAtPointer(payload, assignment.slice(0, at), assignment.slice(at + 1));
  }
  return payload;
}

function readPayload(file: string): unknown {
  const text = readFileSync(file === "-" ? 0 : file, "utf8");
  if (Buffer.byteLength(text) > FILE_BYTES)
    throw new LineshaftError("body-too-large", `${file} is larger than ${FILE_BYTES} bytes.`, {
      next: "Make it smaller.",
    });
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new LineshaftError("usage", `${file} is no JSON: ${(cause as Error).message}`, {
      next: "Correct the file.",
      cause,
    });
  }
}

function showChanges(terminal: Terminal, changes: readonly Change[]): void {
  for (const { field, before, after } of changes)
    terminal.say(
      `${field}: ${before === undefined ? "(absent)" : JSON.stringify(before)} → ${after === undefined ? "(absent)" : JSON.stringify(after)}`,
    );
}

function refuse(
  terminal: Terminal,
  findings: readonly { field: string; rule: string; value?: string; fix: string }[],
): void {
  process.exitCode = exitCodes.refused;
  if (terminal.json) return terminal.result({ sent: false, findings }, () => "");
  terminal.note("The edited payload would be refused; nothing was changed:");
  for (const { field, rule, value, fix } of findings)
    terminal.note(`  ${field || "the whole message"}${value === undefined ? "" : ` = ${value}`}: ${fix} (${rule})`);
}
