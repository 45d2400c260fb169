import { type KeyObject, createHash, sign, verify } from "node:crypto";
import { LineshaftError } from "@lineshaft/core";
import { type DeclaredConfiguration, configurationText, findingsText } from "./configuration.ts";
import { PUBLICATIONS_KEPT } from "./limits.ts";

/** One configuration on its way to one gateway. */
export interface Publication {
  /** For whom it is; anybody else refuses it. */
  gateway: string;
  /** Counts what was ever published for the gateway. A roll-back has a serial of its own, so that nothing old can be sent again. */
  serial: number;
  /** Counts contents: a roll-back has the version that it goes back to. */
  version: number;
  type: string;
  /** ms since 1970. */
  publishedAt: number;
  /** Who published it, and why. */
  who?: string;
  why?: string;
  /** It is older than the one before it on purpose. */
  back?: true;
  data: unknown;
}

/** A publication as it was signed: JSON of `Publication`, and the signature over it in base64. */
export interface SignedPublication {
  text: string;
  signature: string;
}

/** Under which name the publications for a gateway stand in the ledger, newest first. */
export function publicationsName(gateway: string): string {
  return `configuration:${gateway}`;
}

/** What the ledger has under `publicationsName`. @throws LineshaftError `ledger-damaged` */
export function readPublications(value: string | undefined): SignedPublication[] {
  if (value === undefined) return [];
  try {
    return JSON.parse(value) as SignedPublication[];
  } catch (cause) {
    throw new LineshaftError("ledger-damaged", "The configurations of a gateway in the ledger cannot be read.", {
      next: "Restore the ledger from a backup.",
      cause,
    });
  }
}

interface PublishOptions {
  gateway: string;
  key: KeyObject;
  /** Published before, newest first. */
  before: readonly SignedPublication[];
  now: number;
  who: string;
  why: string;
}

/**
 * Puts a new one before those that were published.
 * @throws LineshaftError `config-invalid` when it does not fit its type or is too long
 */
export function publish(declared: DeclaredConfiguration, options: PublishOptions): SignedPublication[] {
  const findings = declared.check();
  if (findings.length > 0)
    throw new LineshaftError("config-invalid", `The configuration of ${options.gateway} is not ${declared.type}.`, {
      said: findingsText(findings),
      next: "Correct it in lineshaft.config.ts.",
    });
  const version = 1 + Math.max(0, ...options.before.map((signed) => publicationOf(signed).version));
  return add({ version, type: declared.type, data: declared.data }, options);
}

/** Puts the content of an earlier version first again. @throws LineshaftError `not-found`, `wrong-state` */
export function rollBack(version: number, options: PublishOptions): SignedPublication[] {
  const all = options.before.map(publicationOf);
  const found = all.find((publication) => publication.version === version);
  const kept = [...new Set(all.map((publication) => publication.version))].join(", ") || "none";
  if (found === undefined)
    throw new LineshaftError(
      "not-found",
      `Version ${version} of the configuration of ${options.gateway} is not kept.`,
      {
        next: `Take one of those that are: ${kept}.`,
      },
    );
  if (all[0]?.version === version)
    throw new LineshaftError("wrong-state", `Version ${version} is what ${options.gateway} shall run already.`, {
      next: `Take another one of those that are kept: ${kept}.`,
    });
  const { type, data } = found;
  const back = version < (all[0]?.version ?? 0) ? { back: true as const } : {};
  return add({ version, type, data, ...back }, options);
}

function add(
  content: Pick<Publication, "version" | "type" | "data" | "back">,
  { gateway, key, before, now, who, why }: PublishOptions,
): SignedPublication[] {
  const [newest] = before;
  const serial = 1 + (newest === undefined ? 0 : publicationOf(newest).serial);
  const publication: Publication = {
    gateway,
    serial,
    ...content,
    publishedAt: now,
    who,
    why,
  };
  const text = configurationText(publication);
  const signature = sign(null, signedText(text), key).toString("base64");
  return [{ text, signature }, ...before].slice(0, PUBLICATIONS_KEPT);
}

export function publicationOf({ text }: SignedPublication): Publication {
  return JSON.parse(text) as Publication;
}

/** What was signed for this gateway; or why it is not taken, as a sentence. */
export function openPublication(signed: SignedPublication, gateway: string, key: KeyObject): Publication | string {
  if (!isSigned(signed, key))
    return "The configuration is not signed with the key that this gateway was enrolled with.";
  const publication = publicationOf(signed);
  return publication.gateway === gateway
    ? publication
    : `The configuration is for gateway ${publication.gateway}, and this is ${gateway}.`;
}

function isSigned({ text, signature }: SignedPublication, key: KeyObject): boolean {
  try {
    return verify(null, signedText(text), key, Buffer.from(signature, "base64"));
  } catch {
    // What is no signature at all is none of this key.
    return false;
  }
}

/** Said first, so that the signature of nothing else can be taken for one of a configuration. */
function signedText(text: string): Buffer {
  return Buffer.from(`lineshaft configuration v1\n${createHash("sha256").update(text).digest("hex")}`);
}
