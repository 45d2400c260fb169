import { X509Certificate } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * A folder of certificates, PEM or DER:
 * `own/` the hub's and its key, `trusted/` servers or authorities that are believed, `issuers/` authorities in between that
 * a server does not send, `rejected/` what a server showed and nobody has trusted yet.
 */
export class PkiFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  get ownCertificate(): string {
    return join(this.path, "own", "certificate.pem");
  }

  get ownKey(): string {
    return join(this.path, "own", "key.pem");
  }

  make(): void {
    for (const list of ["own", "trusted", "issuers", "rejected"] as const)
      mkdirSync(join(this.path, list), { recursive: true, mode: list === "own" ? 0o700 : 0o755 });
  }

  list(list: CertificateList): StoredCertificate[] {
    const folder = join(this.path, list);
    if (!existsSync(folder)) return [];
    return readdirSync(folder)
      .filter((name) => /\.(pem|der|crt|cer)$/i.test(name))
      .sort()
      .slice(0, CERTIFICATES_READ)
      .flatMap((name) => readCertificate(join(folder, name)) ?? []);
  }

  /** Keeps what a server showed, once; where it stands. The list is limited, because anybody may show anything. */
  reject(certificate: X509Certificate): string {
    const known = this.list("rejected").find(({ x509 }) => x509.fingerprint256 === certificate.fingerprint256);
    if (known !== undefined) return known.path;
    const rejected = join(this.path, "rejected");
    if (readdirSync(rejected).length >= REJECTED_KEPT) return `${rejected} (full: empty it)`;
    const path = join(rejected, `${fileName(certificate)}.pem`);
    writeFileSync(path, certificate.toString(), { mode: 0o644 });
    return path;
  }

  /** Moves a rejected certificate to the trusted ones; where it stands then. */
  trust(certificate: StoredCertificate): string {
    this.make();
    const path = join(this.path, "trusted", `${fileName(certificate.x509)}.pem`);
    writeFileSync(path, certificate.x509.toString(), { mode: 0o644 });
    // Renaming last: a copy in both lists is trusted, a copy in none would be lost.
    renameSync(certificate.path, `${certificate.path}.trusted`);
    return path;
  }

  /** The hub's own, or undefined when there is none yet. */
  own(): X509Certificate | undefined {
    return existsSync(this.ownCertificate) ? new X509Certificate(readFileSync(this.ownCertificate)) : undefined;
  }

  /** What runs out within `EXPIRY_WARNED_MS`, or has, as sentences. */
  expiring(now: number): string[] {
    const own = this.own();
    const named = [
      ...(own === undefined ? [] : [{ what: "The hub's own certificate", x509: own }]),
      ...this.list("trusted").map(({ path, x509 }) => ({ what: `The trusted certificate ${path}`, x509 })),
    ];
    return named.flatMap(({ what, x509 }) => {
      const left = Date.parse(x509.validTo) - now;
      if (left > EXPIRY_WARNED_MS) return [];
      const day = new Date(x509.validTo).toISOString().slice(0, 10);
      return [left > 0 ? `${what} expires on ${day}.` : `${what} expired on ${day}.`];
    });
  }
}

export type CertificateList = "trusted" | "issuers" | "rejected";

export interface StoredCertificate {
  path: string;
  x509: X509Certificate;
}

/** Expiry is told so long before, ms: 45 days. A plant's certificates are renewed by people with other work. */
const EXPIRY_WARNED_MS = 45 * 24 * 3_600_000;
/** Most certificates that are kept of servers nobody has trusted. */
const REJECTED_KEPT = 100;
/** Most certificates of one list that are read. */
const CERTIFICATES_READ = 1_000;

function readCertificate(path: string): StoredCertificate | undefined {
  try {
    return { path, x509: new X509Certificate(readFileSync(path)) };
  } catch {
    // Something else put into the folder: nothing can be trusted by it.
    return undefined;
  }
}

/** What a person knows it by, and enough of its fingerprint to tell it from others. */
function fileName(certificate: X509Certificate): string {
  const name = /(?:^|\n)CN=([^\n]*)/.exec(certificate.subject)?.[1] ?? "server";
  const safe = name.replaceAll(/[^A-Za-z0-9.-]+/g, "-").slice(0, 60);
  return `${safe}-${certificate.fingerprint256.replaceAll(":", "").slice(0, 16).toLowerCase()}`;
}
