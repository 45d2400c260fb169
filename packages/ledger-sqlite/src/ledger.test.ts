import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ledgerCases } from "@lineshaft/testing";
import { openSqliteLedger } from "./index.ts";

ledgerCases("the SQLite ledger", () => {
  const folder = mkdtempSync(join(tmpdir(), "lineshaft-ledger-"));
  return Promise.resolve({
    open: () => openSqliteLedger({ path: join(folder, "ledger.db") }),
    dispose: () => Promise.resolve(rmSync(folder, { recursive: true, force: true })),
  });
});
