import {
  type KeyObject,
  X509Certificate,
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
} from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Clock, LineshaftError, Secret, systemClock } from "@lineshaft/core";
import { issueCertificate } from "./certificate.ts";
import type { HubTls } from "./hub-options.ts";

/** How long a gateway's certificate holds, in ms. It is renewed when a third of it is left. */
export const GATEWAY_CERTIFICATE_MS = 90 * 86_400_000;
/** How long the hub's own certificate holds, in ms; `lineshaft gateway code` makes a new one when a third of it is left. */
const HUB_CERTIFICATE_MS = 825 * 86_400_000;
const AUTHORITY_MS = 20 * 365 * 86_400_000;
/** How long a one-time code holds, in ms. */
export const CODE_MS = 24 * 3_600_000;
/** A certificate holds from this long ago on, because clocks in plants are slow, in ms. */
const CLOCKS_APART_MS = 24 * 3_600_000;
const CODE_BYTES = 15;
const PIN_CHARS = 32;
const AUTHORITY = "Lineshaft gateways";

/** What one may do with a code: have one certificate made, in this name. */
interface Grant {
  gateway: string;
  expiresAt: number;
}

/**
 * The hub's own small authority: a folder that only the hub's user may read, with the authority's key, the hub's
 * certificate, and the hashes of one-time codes. A code is used by renaming its file, so that it works once, whoever asks.
 */
export class Authority {
  readonly #folder: string;
  readonly #clock: Clock;

  constructor(folder: string, clock: Clock = systemClock) {
    this.#folder = folder;
    this.#clock = clock;
  }

  /** Makes what is missing; `names` are what gateways call the hub by. */
  prepare(names: readonly string[]): void {
    mkdirSync(this.#path("codes"), { recursive: true, mode: 0o700 });
    mkdirSync(this.#path("used"), { recursive: true, mode: 0o700 });
    const now = this.#clock.now();
    if (!existsSync(this.#path("ca.pem"))) {
      const key = this.#newKey("ca.key");
      const common = { subject: AUTHORITY, issuer: AUTHORITY, publicKey: createPublicKey(key), signingKey: key };
      const pem = issueCertificate({
        ...common,
        from: now - CLOCKS_APART_MS,
        to: now + AUTHORITY_MS,
        use: "authority",
      });
      writeWhole(this.#path("ca.pem"), pem);
    }
    if (names.length > 0) this.#makeHubCertificate(names, now);
    this.#makeConfigurationKey();
  }

  /** Signs configurations; only whoever publishes needs it, not the hub. Made when it is missing. */
  get signingKey(): KeyObject {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    this.#makeConfigurationKey();
    return this.#key("configuration.key");
  }

  /** What gateways check configurations with; PEM. */
  get configurationKey(): string {
    return readFileSync(this.#path("configuration.pem"), "utf8");
  }

  /** For a hub's port. @throws LineshaftError `not-found` */
  get tls(): HubTls {
    const cert = this.#path("hub.pem");
    if (!existsSync(cert))
      throw new LineshaftError("not-found", `There is no certificate of the hub in ${this.#folder}.`, {
        next: "Run lineshaft gateway code <name> --host <name of the hub> once; it makes the authority and the certificate.",
      });
    return { cert, key: Secret.file(this.#path("hub.key")), gatewayCa: this.#path("ca.pem") };
  }

  /** A code that has one certificate made. It also says which authority the hub must have, so that nobody can stand in for it. */
  newCode(gateway: string): { code: string; expiresAt: number } {
    const secret = randomBytes(CODE_BYTES).toString("hex");
    const expiresAt = this.#clock.now() + CODE_MS;
    writeWhole(this.#path("codes", hashOf(secret)), JSON.stringify({ gateway, expiresAt } satisfies Grant));
    return { code: `${secret}-${pinOf(readFileSync(this.#path("ca.pem"), "utf8"))}`, expiresAt };
  }

  /** Uses a code up. @throws LineshaftError `not-signed-in` when it is unknown, used or too old */
  redeem(secret: string): string {
    const hash = hashOf(secret);
    try {
      renameSync(this.#path("codes", hash), this.#path("used", hash));
    } catch (cause) {
      throw refusedCode("The code is unknown or was used already.", cause);
    }
    const grant = JSON.parse(readFileSync(this.#path("used", hash), "utf8")) as Grant;
    if (grant.expiresAt < this.#clock.now()) throw refusedCode("The code is too old.");
    return grant.gateway;
  }

  issue(gateway: string, publicKey: KeyObject): string {
    const now = this.#clock.now();
    const span = { from: now - CLOCKS_APART_MS, to: now + GATEWAY_CERTIFICATE_MS };
    return issueCertificate({
      subject: gateway,
      issuer: AUTHORITY,
      publicKey,
      signingKey: this.#key(),
      ...span,
      use: "gateway",
    });
  }

  get certificate(): string {
    return readFileSync(this.#path("ca.pem"), "utf8");
  }

  #makeHubCertificate(names: readonly string[], now: number): void {
    const path = this.#path("hub.pem");
    if (existsSync(path)) {
      const { validToDate, subjectAltName } = new X509Certificate(readFileSync(path, "utf8"));
      const lasts = validToDate.getTime() - now > HUB_CERTIFICATE_MS / 3;
      if (lasts && names.every((name) => (subjectAltName ?? "").split(/[:,\s]+/).includes(name))) return;
    }
    const key = existsSync(this.#path("hub.key")) ? this.#key("hub.key") : this.#newKey("hub.key");
    const [subject = "hub"] = names;
    const pem = issueCertificate({
      subject,
      issuer: AUTHORITY,
      publicKey: createPublicKey(key),
      signingKey: this.#key(),
      from: now - CLOCKS_APART_MS,
      to: now + HUB_CERTIFICATE_MS,
      use: "hub",
      names,
    });
    // With the authority's own, which a gateway that enrols looks at.
    writeWhole(path, pem + this.certificate);
  }

  #makeConfigurationKey(): void {
    if (existsSync(this.#path("configuration.pem"))) return;
    const { privateKey, publicKey } = generateKeyPairSync("ed25519");
    writeWhole(this.#path("configuration.key"), privateKey.export({ type: "pkcs8", format: "pem" }));
    writeWhole(this.#path("configuration.pem"), publicKey.export({ type: "spki", format: "pem" }));
  }

  #newKey(name: string): KeyObject {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    writeWhole(this.#path(name), privateKey.export({ type: "pkcs8", format: "pem" }));
    return privateKey;
  }

  #key(name = "ca.key"): KeyObject {
    return createPrivateKey(Secret.file(this.#path(name)).read());
  }

  #path(...names: string[]): string {
    return join(this.#folder, ...names);
  }
}

/** Splits what `newCode` made. @throws LineshaftError `usage` */
export function splitCode(code: string): { secret: string; pin: string } {
  const found = /^([0-9a-f]+)-([0-9a-f]{32})$/.exec(code.trim());
  if (found === null)
    throw new LineshaftError("usage", "This is no code of a hub.", {
      next: "Copy the whole code that lineshaft gateway code printed.",
    });
  return { secret: found[1] ?? "", pin: found[2] ?? "" };
}

/** The beginning of a certificate's SHA-256 fingerprint; 128 bits. */
export function pinOf(certificate: string | Buffer): string {
  return new X509Certificate(certificate).fingerprint256.replaceAll(":", "").toLowerCase().slice(0, PIN_CHARS);
}

/** What a gateway signs to show that it has the key it asks a certificate for. */
export function enrolmentText(secret: string): Buffer {
  return Buffer.from(`lineshaft enrol v1\n${hashOf(secret)}`);
}

/** A file is there whole or not at all, and only its owner reads it. */
export function writeWhole(path: string, text: string | Buffer): void {
  writeFileSync(`${path}.new`, text, { mode: 0o600, flush: true });
  renameSync(`${path}.new`, path);
}

function hashOf(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

function refusedCode(message: string, cause?: unknown): LineshaftError {
  return new LineshaftError("not-signed-in", message, {
    next: "Make a new one at the hub with lineshaft gateway code <name>.",
    cause,
  });
}
