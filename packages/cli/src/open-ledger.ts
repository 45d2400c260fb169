import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { type Ledger, LineshaftError, systemClock } from "@lineshaft/core";
import type { HubDefinition } from "@lineshaft/engine";
import { openSqliteLedger } from "@lineshaft/ledger-sqlite";
import { demoDefinition, demoLedgerPath } from "./demo/demo-folder.ts";
import { findConfig, loadProject } from "./project.ts";

export interface LedgerOptions {
  config?: string;
  /** A ledger's file, looked at without any project. */
  ledger?: string;
}

/** The hub a command is about. Without a project, what `lineshaft demo` left in this folder. */
export async function loadDefinition({ config }: LedgerOptions): Promise<HubDefinition> {
  if (config === undefined && findConfig() === undefined) {
    const demo = await demoDefinition();
    if (demo !== undefined) return demo;
  }
  return (await loadProject({ config })).definition;
}

/**
 * Where the embedded ledger of a command is, whether it is there or not.
 * @throws LineshaftError `usage` for a hub whose ledger is a server's
 */
export async function embeddedLedgerPath(options: LedgerOptions): Promise<string> {
  if (options.ledger !== undefined) return resolve(options.ledger);
  const { ledger } = await loadDefinition(options);
  if (ledger.engine === "sqlite") return resolve(ledger.location);
  throw new LineshaftError("usage", `This hub keeps its ledger in ${ledger.engine}, not in a file of its own.`, {
    next: "Back it up and restore it by that database's own means; docs/operating/backup.md says what to heed.",
  });
}

/** Opens the ledger a command is about, beside a running hub or without one. */
export async function openLedger(options: LedgerOptions, { readOnly }: { readOnly: boolean }): Promise<Ledger> {
  const path =
    options.ledger ?? (options.config === undefined && findConfig() === undefined ? demoLedgerPath() : undefined);
  if (path !== undefined) {
    // A mistyped path must not make a new, empty ledger.
    if (!existsSync(path))
      throw new LineshaftError("not-found", `There is no ledger at ${resolve(path)}.`, {
        next: "Correct --ledger, or start the hub once to make one.",
      });
    return openSqliteLedger({ path: resolve(path), readOnly });
  }
  return (await loadDefinition(options)).ledger.open({ clock: systemClock, readOnly });
}
