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
