import type { Count } from "@lineshaft/core";
import { Command } from "commander";
import { openLedger, type LedgerOptions } from "../open-ledger.ts";
import type { Terminal } from "../terminal.ts";
import { counted } from "../times.ts";
import { ledgerOptions } from "./options.ts";

export function statsCommand(terminal: Terminal): Command {
  return ledgerOptions(new Command("stats"))
    .description("what the ledger holds: totals, and deliveries by flow, system and state")
    .action(async (options: LedgerOptions) => {
      await using ledger = await openLedger(options, { readOnly: true });
      const [totals, counts] = [await ledger.totals(), await ledger.counts({ open: false })];
      if (terminal.json) return terminal.result({ totals, deliveries: counts }, () => "");
      const { messages, duplicates, refusals, attempts, commits } = totals;
      terminal.say(
        `${counted(messages, "message")}, ${counted(duplicates, "duplicate")} not applied, ${refusals} refused; ${counted(attempts, "attempt")}, ${counted(commits, "commit")}.`,
      );
      terminal.list(
        byRoute(counts),
        [
          { title: "flow", show: (row) => row.flow },
          { title: "to", show: (row) => `${row.system} ${row.operation}` },
          { title: "done", show: (row) => row.states.done ?? 0 },
          { title: "waiting", show: (row) => (row.states.pending ?? 0) + (row.states.sending ?? 0) },
          { title: "looked up", show: (row) => row.states.checking ?? 0 },
          { title: "parked", show: (row) => row.states.parked ?? 0 },
          { title: "dropped", show: (row) => row.states.dropped ?? 0 },
          { title: "stale", show: (row) => (row.states.superseded ?? 0) + (row.states.suppressed ?? 0) },
        ],
        "No deliveries yet.",
      );
    });
}

interface RouteCounts extends Pick<Count, "flow" | "system" | "operation"> {
  states: Partial<Record<Count["state"], number>>;
}

function byRoute(counts: readonly Count[]): RouteCounts[] {
  const rows = new Map<string, RouteCounts>();
  for (const { flow, system, operation, state, count } of counts) {
    const name = `${flow}\n${system}\n${operation}`;
    const row = rows.get(name) ?? { flow, system, operation, states: {} };
    row.states[state] = count;
    rows.set(name, row);
  }
  return [...rows.values()];
}
