import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ledgerCases } from "@lineshaft/testing";
import { openSqliteLedger } from "./index.ts";

for (const thread of [false, true])
  ledgerCases(thread ? "the SQLite ledger in a thread of its own" : "the SQLite ledger", () => {
    const folder = mkdtempSync(join(tmpdir(), "lineshaft-ledger-"));
    return Promise.resolve({
      open: () => openSqliteLedger({ path: join(folder, "ledger.db"), thread }),
      dispose: () => Promise.resolve(rmSync(folder, { recursive: true, force: true })),
    });
  });

test("a ledger that cannot be opened says so from its thread as well", async () => {
  const path = join(mkdtempSync(join(tmpdir(), "lineshaft-ledger-")), "missing.db");
  await expect(openSqliteLedger({ path, thread: true, readOnly: true })).rejects.toMatchObject({
    code: "not-found",
    next: expect.stringContaining("--data") as string,
  });
});
