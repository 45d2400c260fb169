import { afterAll, beforeAll } from "vitest";
import { FakeClock, ledgerCases } from "@lineshaft/testing";
import { type PostgresServer, startPostgres } from "@lineshaft/testing/postgres";
import { openPostgresLedger } from "./index.ts";

let server: PostgresServer;

beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server[Symbol.asyncDispose]());

ledgerCases(
  "the PostgreSQL ledger",
  async () => {
    const url = await server.newDatabase();
    const serverClock = new FakeClock();
    return {
      open: () => openPostgresLedger({ url, serverClock }),
      advance: (ms) => serverClock.advance(ms),
      dispose: () => Promise.resolve(),
    };
  },
  { workers: "many" },
);
