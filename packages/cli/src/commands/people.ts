import { type AuditEntry, type Ledger, systemClock } from "@lineshaft/core";
import { confirm, drop, resend } from "@lineshaft/engine";
import { Command } from "commander";
import { openLedger } from "../open-ledger.ts";
import type { Terminal } from "../terminal.ts";
import { type ActOptions, actOptions, wholeNumber } from "./options.ts";

type By = { who: string; why: string; at: number };
type Act = (ledger: Ledger, delivery: number, by: By, options: ActOptions) => Promise<AuditEntry>;

export function resendCommand(terminal: Terminal): Command {
  const command = actCommand("resend", "send a parked delivery again as it is");
  return command.action(
    acting(terminal, "It goes out again.", (ledger, delivery, by) => resend(ledger, { delivery, ...by })),
  );
}

export function confirmCommand(terminal: Terminal): Command {
  const command = actCommand("confirm", "vouch that a parked delivery stands in the target").requiredOption(
    "--receipt <name>",
    "what the target calls it: a document number",
  );
  return command.action(
    acting(terminal, "It counts as done.", (ledger, delivery, by, options) =>
      confirm(ledger, { delivery, receipt: (options as ActOptions & { receipt: string }).receipt, ...by }),
    ),
  );
}

export function dropCommand(terminal: Terminal): Command {
  const command = actCommand("drop", "give a parked delivery up; nothing is sent");
  return command.action(
    acting(terminal, "It is given up.", (ledger, delivery, by) => drop(ledger, { delivery, ...by })),
  );
}

function actCommand(name: string, description: string): Command {
  return actOptions(new Command(name))
    .description(description)
    .argument("<deliveries...>", "their numbers, as lineshaft parked shows them");
}

/** One commit for each delivery; the first that is refused ends the command, and those before it stay acted on. */
function acting(
  terminal: Terminal,
  effect: string,
  act: Act,
): (deliveries: string[], options: ActOptions) => Promise<void> {
  return async (deliveries, options) => {
    await using ledger = await openLedger(options, { readOnly: false });
    for (const delivery of deliveries.map(wholeNumber)) {
      const entry = await act(ledger, delivery, { who: options.who, why: options.why, at: systemClock.now() }, options);
      terminal.result({ ...entry, delivery }, () => `Delivery ${delivery}: ${effect}`);
    }
  };
}
