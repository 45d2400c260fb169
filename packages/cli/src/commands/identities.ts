import { LineshaftError, systemClock } from "@lineshaft/core";
import { identify } from "@lineshaft/engine";
import { Command } from "commander";
import { openLedger, type LedgerOptions } from "../open-ledger.ts";
import type { Terminal } from "../terminal.ts";
import { type ActOptions, byOptions, ledgerOptions } from "./options.ts";

export function identitiesCommand(terminal: Terminal): Command {
  return new Command("identities")
    .description("what each system calls the same thing")
    .addCommand(get(terminal))
    .addCommand(find(terminal))
    .addCommand(set(terminal));
}

function get(terminal: Terminal): Command {
  return ledgerOptions(new Command("get"))
    .description("what a system calls a thing")
    .argument("<kind>", "product, productionOrder, workCenter")
    .argument("<object>", "the hub's name of it")
    .argument("<system>", "the system asked about")
    .action(async (kind: string, object: string, system: string, options: LedgerOptions) => {
      await using ledger = await openLedger(options, { readOnly: true });
      const external = await ledger.identity({ kind, object, system });
      if (external === undefined) throw unknown(`what ${system} calls ${kind} ${object}`);
      terminal.result({ kind, object, system, external }, () => external);
    });
}

function find(terminal: Terminal): Command {
  return ledgerOptions(new Command("find"))
    .description("the hub's name of what a system calls so")
    .argument("<kind>", "product, productionOrder, workCenter")
    .argument("<system>", "the system that calls it so")
    .argument("<external>", "what it calls it")
    .action(async (kind: string, system: string, external: string, options: LedgerOptions) => {
      await using ledger = await openLedger(options, { readOnly: true });
      const object = await ledger.objectOf({ kind, system, external });
      if (object === undefined) throw unknown(`which ${kind} ${system} calls ${external}`);
      terminal.result({ kind, object, system, external }, () => object);
    });
}

function set(terminal: Terminal): Command {
  return byOptions(ledgerOptions(new Command("set")))
    .description("say what a system calls a thing; replaces what was known")
    .argument("<kind>", "product, productionOrder, workCenter")
    .argument("<object>", "the hub's name of it")
    .argument("<system>", "the system")
    .argument("<external>", "what that system calls it")
    .action(async (kind: string, object: string, system: string, external: string, options: ActOptions) => {
      await using ledger = await openLedger(options, { readOnly: false });
      const before = await ledger.identity({ kind, object, system });
      const identity = { kind, object, system, external };
      const { who, why } = options;
      const entry = await identify(ledger, { who, why, at: systemClock.now(), identity, before });
      const replaced = before === undefined || before === external ? "" : `, no longer ${before}`;
      terminal.result(entry, () => `${system} calls ${kind} ${object} ${external} from now on${replaced}.`);
    });
}

function unknown(what: string): LineshaftError {
  return new LineshaftError("not-found", `Nobody has said ${what}.`, { next: "Say so with lineshaft identities set." });
}
