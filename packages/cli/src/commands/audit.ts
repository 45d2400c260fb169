import { type AuditEntry, LineshaftError } from "@lineshaft/core";
import { Command } from "commander";
import { openLedger, type LedgerOptions } from "../open-ledger.ts";
import type { Terminal } from "../terminal.ts";
import { showTime } from "../times.ts";
import { ledgerOptions, wholeNumber } from "./options.ts";

export function auditCommand(terminal: Terminal): Command {
  return new Command("audit")
    .description("the audit trail: who did what and why, and whether it still holds")
    .addCommand(verify(terminal))
    .addCommand(show(terminal));
}

function verify(terminal: Terminal): Command {
  return ledgerOptions(new Command("verify"))
    .description("check the hash chain over everything that was committed")
    .option("--head <hash>", "the newest link as noted elsewhere, to prove that it is still in place as the newest")
    .action(async (options: LedgerOptions & { head?: string }) => {
      await using ledger = await openLedger(options, { readOnly: true });
      const report = await ledger.verifyAudit((rows) => terminal.progress(`${rows} rows checked …`));
      if (!report.ok)
        throw new LineshaftError("audit-broken", `The audit chain is broken: ${report.problem ?? "no detail"}`, {
          next: "Keep this file as evidence, restore the last backup that verifies, and find out who could write to it.",
        });
      if (options.head !== undefined && options.head !== report.head)
        throw new LineshaftError(
          "audit-broken",
          `The chain holds together, but its newest link is ${report.head}, not ${options.head}.`,
          {
            next: "If the hub ran since that was noted, note the new one; if not, something was taken away or added.",
          },
        );
      terminal.result(
        report,
        (r) => `The audit chain holds: ${r.commits} commits over ${r.rows} rows. Newest link: ${r.head}`,
      );
    });
}

function show(terminal: Terminal): Command {
  return ledgerOptions(new Command("list"))
    .description("acts of people, oldest first: on deliveries, on gateways' configurations, on the ledger itself")
    .option("--after <n>", "only entries after this one", wholeNumber, 0)
    .option("--limit <n>", "most rows", wholeNumber, 100)
    .action(async (options: LedgerOptions & { after: number; limit: number }) => {
      await using ledger = await openLedger(options, { readOnly: true });
      terminal.list(
        await ledger.audit({ after: options.after, limit: options.limit }),
        [
          { title: "entry", show: (row) => row.id },
          { title: "at", show: (row) => showTime(row.at) },
          { title: "who", show: (row) => row.who },
          { title: "act", show: (row) => row.act },
          { title: "about", show: aboutText },
          { title: "why", show: (row) => row.why, flexible: true },
          { title: "detail", show: (row) => row.detail, flexible: true },
        ],
        "Nobody has acted on this ledger.",
      );
    });
}

/** A delivery's or message's number, a gateway's name; nothing for what is about the whole ledger. */
function aboutText({ delivery, message, detail }: AuditEntry): string | number | undefined {
  if (delivery !== null || message !== null) return delivery ?? message ?? undefined;
  const { gateway } = JSON.parse(detail ?? "{}") as { gateway?: string };
  return gateway;
}
