import { LineshaftError } from "@lineshaft/core";

/** Primary result codes of SQLite (sqlite.org/rescode.html); the low byte of an extended code. */
const FULL = 13;
const IO = 10;
const CORRUPT = 11;
const NOT_A_DATABASE = 26;
const BUSY = 5;
const CANNOT_OPEN = 14;
const READ_ONLY = 8;

/** Tells an error of SQLite in the ledger's terms; anything else comes back as it is. */
export function ledgerError(cause: unknown, path: string): unknown {
  if (!(cause instanceof Error) || !("errcode" in cause)) return cause;
  const said = cause.message;
  switch (Number(cause.errcode) & 0xff) {
    case FULL:
      return new LineshaftError("ledger-full", `Cannot write to the ledger ${path}: the disk is full.`, {
        next: "Free space on its disk. Nothing was acknowledged that is not stored; the hub goes on by itself once there is room.",
        said,
        cause,
      });
    case IO:
    case CANNOT_OPEN:
    case READ_ONLY:
      return new LineshaftError("ledger-io", `Cannot read or write the ledger ${path}.`, {
        next: "Check the disk, its mount and the rights of the hub's user. Nothing was acknowledged that is not stored.",
        said,
        cause,
      });
    case CORRUPT:
    case NOT_A_DATABASE:
      return damaged(path, said, cause);
    case BUSY:
      return new LineshaftError("ledger-busy", `The ledger ${path} is locked by another process.`, {
        next: "Stop the other process, or wait until it has finished.",
        said,
        cause,
      });
    default:
      return cause;
  }
}

export function damaged(path: string, said: string, cause?: unknown): LineshaftError {
  return new LineshaftError(
    "ledger-damaged",
    `The ledger ${path} is damaged or is not a ledger; nothing was changed.`,
    {
      next: "Restore it from a backup, or move it away to start with an empty one.",
      said,
      cause,
    },
  );
}
