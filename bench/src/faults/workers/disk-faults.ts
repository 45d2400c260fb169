import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type PostgresServer, startPostgres } from "@lineshaft/testing/postgres";
import { type DiskFaultOptions, type DiskTrial, tryDisk } from "../disk-faults.ts";
import { buildFsyncShim } from "../fsync-shim.ts";

/** A fresh server with its log, and some more. */
const DISK_BYTES = 220 * 1024 * 1024;
/** What is left once the ballast is there. */
const LEFT_BYTES = 2 * 1024 * 1024;
/** The server's log stays small, so that data is what fills the disk. */
const SETTINGS = { max_wal_size: "48MB", min_wal_size: "48MB", max_connections: 40 };
/** A silent or absent server is given up before a sender's patience ends. */
const limits = { commitMs: 1_500, commitWaitMs: 500, statementMs: 3_000 };

/** As `runDiskFaults`, for the disk of a PostgreSQL. */
export async function runDatabaseDiskFaults(options: Omit<DiskFaultOptions, "folder">): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "lineshaft-disk-"));
  // The server does not run as root, and has to get there.
  chmodSync(folder, 0o755);
  try {
    await onSmallDisk(options, folder);
    await withFailingSync(options, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  }
}

async function onSmallDisk(options: Omit<DiskFaultOptions, "folder">, folder: string): Promise<void> {
  const disk = join(folder, "small-disk");
  mkdirSync(disk);
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${DISK_BYTES}`, "tmpfs", disk]);
  if (mounted.status !== 0) {
    const why = String(mounted.error ?? mounted.stderr).trim();
    options.print(`skipped: a full disk of PostgreSQL needs the right to mount a tmpfs (${why})`);
    return;
  }
  const ballast = join(disk, "ballast");
  try {
    await using server = await startPostgres({ folder: join(disk, "data"), settings: SETTINGS });
    await tryServer(options, server, {
      name: "full disk of PostgreSQL",
      codes: ["ledger-full", "ledger-io"],
      roomForFew: true,
      spoil: () => {
        const { bavail, bsize } = statfsSync(disk);
        writeFileSync(ballast, Buffer.alloc(Math.max(0, bavail * bsize - LEFT_BYTES)));
      },
      mend: () => rmSync(ballast),
    });
  } finally {
    spawnSync("umount", [disk]);
  }
}

async function withFailingSync(options: Omit<DiskFaultOptions, "folder">, folder: string): Promise<void> {
  const shim = buildFsyncShim(folder);
  if ("missing" in shim) return options.print(`skipped: failing fsync of PostgreSQL needs ${shim.missing}`);
  const flag = join(folder, "fsync-fails");
  const before = { ...process.env };
  // For the server, which takes over this process' environment at each start.
  Object.assign(process.env, shim.environment(flag));
  try {
    await using server = await startPostgres({ folder: join(folder, "data"), settings: SETTINGS });
    await tryServer(options, server, {
      name: "failing fsync of PostgreSQL",
      codes: ["ledger-io"],
      spoil: () => writeFileSync(flag, ""),
      mend: () => rmSync(flag),
    });
  } finally {
    for (const name of Object.keys(shim.environment(flag))) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  }
}

async function tryServer(
  options: Omit<DiskFaultOptions, "folder">,
  server: PostgresServer,
  trial: Omit<DiskTrial, "ledger">,
): Promise<void> {
  const mend = async () => {
    await trial.mend();
    const answers = await server.sql("select 1").catch(() => []);
    if (answers.length > 0) return;
    // It ends itself rather than go on with what may not be on disk.
    await server.kill();
    await server.start();
  };
  await tryDisk(options, { ...trial, mend, ledger: { kind: "postgres", url: await server.newDatabase(), limits } });
}
