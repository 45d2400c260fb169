import { userInfo } from "node:os";
import { type Command, InvalidArgumentError } from "commander";
import type { LedgerOptions } from "../open-ledger.ts";

export interface ByOptions {
  who: string;
  why: string;
}

export type ActOptions = LedgerOptions & ByOptions;

/** --config and --ledger: which hub a command is about. */
export function ledgerOptions(command: Command): Command {
  return command
    .option("--config <file>", "the project's configuration; default lineshaft.config.ts here or above")
    .option("--ledger <file>", "a SQLite ledger, without any project");
}

/** What every act on a ledger has to say. */
export function actOptions(command: Command): Command {
  return byOptions(ledgerOptions(command));
}

/** --why and --who; `fate`: what becomes of both. */
export function byOptions(command: Command, fate = "goes into the audit trail"): Command {
  return command.requiredOption("--why <reason>", `why; ${fate}`).option("--who <name>", `who; ${fate}`, systemUser());
}

export function systemUser(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run under a number that no name belongs to.
    return `user ${process.getuid?.() ?? "unknown"}`;
  }
}

export function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError("A whole number is needed.");
  return value;
}

export function portNumber(text: string): number {
  const value = wholeNumber(text);
  if (value > 65_535) throw new InvalidArgumentError("A port is a number up to 65535.");
  return value;
}

/** Repeatable options: each use adds one. */
export function collect(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), value];
}

/** Which ledger, of a hub or on a server by itself. */
export function serverOptions(command: Command): Command {
  return ledgerOptions(command)
    .option(
      "--url <reference>",
      "where the URL of the ledger's owner is: env:NAME or file:PATH; without a password as it is",
    )
    .option("--schema <name>", "the schema on the server; default that of the configuration, or lineshaft");
}
