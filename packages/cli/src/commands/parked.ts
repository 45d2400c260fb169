import type { Ledger, StoredDelivery } from "@lineshaft/core";
import { Command } from "commander";
import { openLedger, type LedgerOptions } from "../open-ledger.ts";
import type { Terminal } from "../terminal.ts";
import { showDuration, showTime } from "../times.ts";
import { ledgerOptions, wholeNumber } from "./options.ts";

export function parkedCommand(terminal: Terminal): Command {
  return ledgerOptions(new Command("parked"))
    .description("what waits for a person: reason, owner, since when, next step")
    .option("--system <name>", "only deliveries to this system")
    .option("--flow <name>", "only deliveries of this flow")
    .option("--limit <n>", "most rows", wholeNumber, 100)
    .action(async (options: LedgerOptions & { system?: string; flow?: string; limit: number }) => {
      await using ledger = await openLedger(options, { readOnly: true });
      const { system, flow, limit } = options;
      const rows = await ledger.deliveries({
        states: ["parked"],
        limit,
        ...(system && { system }),
        ...(flow && { flow }),
      });
      show(terminal, rows);
      if (!terminal.json) await noteRest(terminal, ledger, rows.length, options);
    });
}

function show(terminal: Terminal, rows: readonly StoredDelivery[]): void {
  if (terminal.json) return terminal.list(rows.map(parkedJson), [], "");
  if (rows.length === 0) return terminal.say("Nothing is parked.");
  const now = Date.now();
  for (const row of rows) {
    const { reason = "", message = "", next = "", owner = "" } = row.parking ?? {};
    terminal.say(
      [
        `${row.id}  ${row.key} to ${row.system} ${row.operation}, parked since ${showTime(row.since)} (${showDuration(now - row.since)})`,
        `    ${message}`,
        `    Next: ${next}`,
        `    Reason ${reason}, for ${owner}, flow ${row.flow}, ${row.attempts} attempts`,
      ].join("\n"),
    );
  }
}

async function noteRest(
  terminal: Terminal,
  ledger: Ledger,
  shown: number,
  { system, flow }: { system?: string; flow?: string },
): Promise<void> {
  const counts = await ledger.counts({ open: true });
  const total = counts
    .filter((c) => c.state === "parked" && (system ?? c.system) === c.system && (flow ?? c.flow) === c.flow)
    .reduce((sum, c) => sum + c.count, 0);
  if (total > shown) terminal.note(`${total - shown} more; see them with --limit ${total}.`);
}

function parkedJson(row: StoredDelivery): object {
  const { id, message, flow, system, operation, key, since, attempts, parking } = row;
  return { delivery: id, message, flow, system, operation, key, since, attempts, ...parking };
}
