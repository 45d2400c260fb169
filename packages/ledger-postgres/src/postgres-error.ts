import { LineshaftError, Secret } from "@lineshaft/core";

/** SQLSTATE classes and codes (PostgreSQL manual, appendix A) in which a write is known not to have been stored. */
const RETRIED = new Set(["40001", "40P01"]);

/** Trouble of the connection: nobody knows what became of a statement that was under way. */
export function isBroken(error: unknown): boolean {
  if (error instanceof LineshaftError || error instanceof TypeError) return false;
  const code = codeOf(error);
  if (code === undefined || /^(E[A-Z]|ERR_)/.test(code)) return true;
  // 08: connection; 57P01 to 57P03: the server ends sessions, crashed, or is starting.
  return code.startsWith("08") || ["57P01", "57P02", "57P03", "57P05"].includes(code);
}

/** A conflict with another transaction; the same again will do. */
export function isConflict(error: unknown): boolean {
  return RETRIED.has(codeOf(error) ?? "");
}

/** The server only reads: a standby, before or after a failover. */
export function isStandby(error: unknown): boolean {
  return codeOf(error) === "25006";
}

export function codeOf(error: unknown): string | undefined {
  const code: unknown = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" ? code : undefined;
}

/** Tells an error of PostgreSQL or of the connection in the ledger's terms, without secrets. */
export function ledgerError(cause: unknown, location: string): LineshaftError {
  if (cause instanceof LineshaftError) return cause;
  const said = Secret.mask(cause instanceof Error ? cause.message : String(cause));
  const code = codeOf(cause) ?? "";
  const told = /startup parameter/.test(said) ? pooled(location) : tell(code, location);
  return new LineshaftError(told.code, told.message, { next: told.next, said, cause });
}

interface Told {
  code: "ledger-io" | "ledger-full" | "ledger-refused" | "ledger-busy" | "ledger-damaged";
  message: string;
  next: string;
}

/** By SQLSTATE, by its class, or by the system's code for what happened to the connection. */
function tell(code: string, location: string): Told {
  return (
    byCode[code]?.(location) ??
    byClass[code.slice(0, 2)]?.(location) ??
    (code === "" ? cut(location) : failed(location))
  );
}

type Telling = (location: string) => Told;
const notStored = "Nothing was acknowledged that is not stored; the hub goes on by itself.";

const cut: Telling = (location) => ({
  code: "ledger-io",
  message: `The connection to the ledger ${location} broke, or nothing was heard within its limit.`,
  next: `Look whether the server runs and the network holds. ${notStored}`,
});
const failed: Telling = (location) => ({
  code: "ledger-io",
  message: `Cannot read or write the ledger ${location}.`,
  next: "Look at the server's log. Nothing was acknowledged that is not stored.",
});
const refused: Telling = (location) => ({
  code: "ledger-io",
  message: `Cannot reach the ledger ${location}: no PostgreSQL answers there.`,
  next: "Check host and port of its URL, that the server runs, and that it lets connections from this machine in.",
});
const unknownHost: Telling = (location) => ({
  code: "ledger-io",
  message: `Cannot reach the ledger ${location}: nobody knows this host.`,
  next: "Correct the host in its URL, or its entry in DNS.",
});
const full: Telling = (location) => ({
  code: "ledger-full",
  message: `Cannot write to the ledger ${location}: the server's disk is full.`,
  next: `Free space on the server, or shorten the retention. ${notStored}`,
});
const crowded: Telling = (location) => ({
  code: "ledger-io",
  message: `The server of the ledger ${location} has no connection left.`,
  next: "Raise its max_connections, lower poolSize of the hubs, or put PgBouncer in between and set listen: false.",
});
const login: Telling = (location) => ({
  code: "ledger-refused",
  message: `The server of the ledger ${location} does not accept the user or the password.`,
  next: "Correct both in the ledger's URL or in the secret that holds it, and see the server's pg_hba.conf.",
});
const noDatabase: Telling = (location) => ({
  code: "ledger-refused",
  message: `There is no database at ${location}.`,
  next: "Make it with createdb, or correct the name at the end of the URL.",
});
const noRight: Telling = (location) => ({
  code: "ledger-refused",
  message: `The user of the ledger ${location} may not do this.`,
  next: "Run lineshaft migrate as the ledger's owner with this user as its hub role.",
});
const standby: Telling = (location) => ({
  code: "ledger-io",
  message: `The ledger ${location} cannot be written: the server is a standby, or set to only read.`,
  next: "After a failover, let the URL name the new primary (or several hosts behind one address).",
});
const starting: Telling = (location) => ({
  code: "ledger-io",
  message: `The server of the ledger ${location} is starting or stopping.`,
  next: `Wait until it is up. ${notStored}`,
});
const slow: Telling = (location) => ({
  code: "ledger-io",
  message: `The ledger ${location} did not finish a statement within its limit.`,
  next: "Look for what holds it up (a long transaction, a full disk queue), or raise statementMs.",
});
/** PgBouncer says this with the code of a broken protocol, so only its words tell. */
const pooled: Telling = (location) => ({
  code: "ledger-refused",
  message: `A pooler is in front of the ledger ${location}, and it shares connections between transactions.`,
  next: "Set listen: false, or let the URL lead to the server itself.",
});
const untrusted: Telling = (location) => ({
  code: "ledger-refused",
  message: `The server of the ledger ${location} shows a certificate that is not trusted.`,
  next: "Name its authority with sslrootcert in the URL, and the host as the certificate does.",
});
const unmigrated: Telling = (location) => ({
  code: "ledger-refused",
  message: `The ledger ${location} lacks a table or a function.`,
  next: "Run lineshaft migrate.",
});
const damaged: Telling = (location) => ({
  code: "ledger-damaged",
  message: `The server says that data of the ledger ${location} is damaged.`,
  next: "Restore it from a backup, or fail over to a standby that is whole.",
});
const locked: Telling = (location) => ({
  code: "ledger-busy",
  message: `Something else holds a lock on the ledger ${location}.`,
  next: "Wait until it has finished, then do it again.",
});

const byCode: Record<string, Telling> = {
  ECONNREFUSED: refused,
  EHOSTUNREACH: refused,
  ENETUNREACH: refused,
  ETIMEDOUT: refused,
  ENOTFOUND: unknownHost,
  EAI_AGAIN: unknownHost,
  ECONNRESET: cut,
  EPIPE: cut,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
  CERT_HAS_EXPIRED: untrusted,
  ERR_TLS_CERT_ALTNAME_INVALID: untrusted,
  "53100": full,
  "53300": crowded,
  "28P01": login,
  "28000": login,
  "3D000": noDatabase,
  "42501": noRight,
  "25006": standby,
  "57P01": starting,
  "57P02": starting,
  "57P03": starting,
  "57014": slow,
  "55P03": locked,
  "42P01": unmigrated,
  "42883": unmigrated,
  "3F000": unmigrated,
  XX001: damaged,
  XX002: damaged,
};
const byClass: Record<string, Telling> = { "08": cut, "53": crowded };
