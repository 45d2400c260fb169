import { LineshaftError, Secret } from "@lineshaft/core";
import type { LedgerDefinition } from "@lineshaft/engine";
import { type LedgerOptions, loadDefinition } from "./open-ledger.ts";
import { databaseAt } from "./reference.ts";

export interface ServerLedgerOptions extends LedgerOptions {
  url?: string;
  schema?: string;
}

/** A ledger on a server, as its owner reaches it. */
export interface ServerLedger {
  url: string | Secret;
  schema: string;
  /** Host and database, or where the URL is; without secrets. */
  location: string;
}

/**
 * The ledger on a server that a command is about: by --url, else by the configuration.
 * @returns undefined when the hub keeps its ledger in a file
 * @throws LineshaftError `usage` when the configuration does not say where the URL is
 */
export async function serverLedger(options: ServerLedgerOptions): Promise<ServerLedger | undefined> {
  if (options.ledger !== undefined) return undefined;
  if (options.url !== undefined) {
    const url = databaseAt("--url", options.url);
    return { url, schema: options.schema ?? "lineshaft", location: locationOf(url) };
  }
  const { ledger }: { ledger: LedgerDefinition & { schema?: string } } = await loadDefinition(options);
  if (ledger.engine === "sqlite") return undefined;
  if (!/^(env|file):/.test(ledger.location))
    throw new LineshaftError("usage", `The configuration does not say where the URL of ${ledger.location} is.`, {
      next: "Give the owner's URL with --url env:LEDGER_OWNER_URL.",
    });
  const url = databaseAt("--url", ledger.location);
  return { url, schema: options.schema ?? ledger.schema ?? "lineshaft", location: locationOf(url) };
}

/** What only the ledger's owner may do: whoever may not is told whose URL is needed. */
export async function asOwner<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (
      !(error instanceof LineshaftError) ||
      error.code !== "ledger-refused" ||
      !error.message.includes("may not do this")
    )
      throw error;
    throw new LineshaftError("ledger-refused", error.message, {
      next: "Give the URL of the ledger's owner: --url env:LEDGER_OWNER_URL.",
      ...(error.said !== undefined && { said: error.said }),
      cause: error,
    });
  }
}

function locationOf(url: string | Secret): string {
  if (url instanceof Secret) return url.reference;
  const { host, pathname } = new URL(url);
  return `${host}${pathname}`;
}
