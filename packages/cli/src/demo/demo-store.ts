import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Clock, type Ledger, LineshaftError } from "@lineshaft/core";
import { openPostgresLedger } from "@lineshaft/ledger-postgres";
import { ProcessLock, openSqliteLedger } from "@lineshaft/ledger-sqlite";
import { ledgerIn } from "./demo-folder.ts";

export type DemoStoreKind = "sqlite" | "postgres";

/** Where a demo's hub keeps its ledger. */
export interface DemoStore extends AsyncDisposable {
  /** A file's path, or a database's address. */
  readonly location: string;
  /** @throws LineshaftError `ledger-busy` */
  open(clock: Clock): Promise<Ledger>;
}

/** @throws LineshaftError `ledger-busy` when a demo's database runs in this folder already */
export async function openDemoStore(kind: DemoStoreKind, data: string): Promise<DemoStore> {
  if (kind === "postgres") return startDatabase(resolve(data));
  const path = ledgerIn(data);
  return {
    location: path,
    open: (clock) => openSqliteLedger({ path, clock }),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** A PostgreSQL of the demo's own, with its files in the demo's folder. */
async function startDatabase(data: string): Promise<DemoStore> {
  const open = new AsyncDisposableStack();
  try {
    const lock = new ProcessLock(join(data, "postgres"));
    lock.take();
    open.defer(() => lock.release());
    const { startPostgres } = await loadServer();
    const server = open.use(await startPostgres({ folder: join(data, "postgres"), password: passwordIn(data) }));
    open.defer(() => server.stop());
    const stack = open.move();
    return {
      location: server.url,
      open: () => openPostgresLedger({ url: server.url }),
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    };
  } catch (error) {
    await open.disposeAsync();
    throw error;
  }
}

/** Among the packages that only a clone has, as the simulators are. */
async function loadServer(): Promise<typeof import("@lineshaft/testing/postgres")> {
  try {
    return await import("@lineshaft/testing/postgres");
  } catch (cause) {
    throw new LineshaftError("not-found", "The PostgreSQL that the demo starts is not installed here.", {
      next: "Run the demo from a clone of the repository: git clone, then npm start -- --ledger postgres.",
      cause,
    });
  }
}

function passwordIn(data: string): string {
  const path = join(data, "ledger.password");
  if (!existsSync(path)) writeFileSync(path, randomBytes(18).toString("base64url"), { mode: 0o600 });
  return readFileSync(path, "utf8");
}
