import type { LedgerDefinition } from "@lineshaft/engine";
import { postgres } from "@lineshaft/ledger-postgres";
import { sqlite } from "@lineshaft/ledger-sqlite";
import type { LedgerPlace } from "./hub-options.ts";

export function ledgerAt(place: LedgerPlace): LedgerDefinition {
  if (place.kind === "sqlite") return sqlite({ path: place.path });
  const { url, limits = {} } = place;
  return postgres({ url, ...limits });
}
