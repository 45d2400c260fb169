import { createHash, timingSafeEqual } from "node:crypto";
import { LineshaftError, explain } from "@lineshaft/core";
import type { Clock, Log } from "@lineshaft/core";
import { KEY_REFRESH_MS } from "./options.ts";
import type { HttpCaller } from "./options.ts";
import { TokenBucket } from "./token-bucket.ts";

/** Who sends. Nobody in particular where no callers are configured. */
export interface Caller {
  /** Undefined for the unnamed caller of this machine. */
  name: string | undefined;
  maySend(contract: string): boolean;
  /** Undefined when it may send as fast as it can. */
  bucket: TokenBucket | undefined;
}

interface Known extends Caller {
  name: string;
  configured: HttpCaller;
  digest: Buffer;
}

/** Shortest key that can't be tried out; shorter ones work, with a warning. */
const KEY_CHARS = 20;

const anybody: Caller = { name: undefined, maySend: () => true, bucket: undefined };

/** Knows the callers by their keys, of which it keeps digests only. */
export class Callers {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #known: Known[];
  #readAt: number;

  /** @throws LineshaftError `secret-missing`; `config-invalid` when two callers have one key */
  constructor(callers: readonly HttpCaller[], clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
    this.#readAt = clock.now();
    this.#known = callers.map((configured) => ({
      name: configured.name,
      maySend: (contract) => configured.contracts?.includes(contract) ?? true,
      bucket: configured.perSecond === undefined ? undefined : new TokenBucket(configured.perSecond, clock),
      configured,
      digest: digestOf(configured.key.read()),
    }));
    this.#refuseSharedKeys();
  }

  /** Names of callers whose key could be guessed. */
  get weak(): string[] {
    return this.#known.filter(({ configured }) => configured.key.read().length < KEY_CHARS).map((known) => known.name);
  }

  /**
   * The caller of an `Authorization` header, or undefined. Takes the same time whichever key comes near: digests are
   * compared, all of them, each in constant time.
   */
  identify(authorization: string | undefined): Caller | undefined {
    if (this.#known.length === 0) return anybody;
    this.#refresh();
    const presented = digestOf(/^bearer +(\S+) *$/i.exec(authorization ?? "")?.[1] ?? "");
    let found: Caller | undefined;
    for (const known of this.#known) if (timingSafeEqual(known.digest, presented)) found = known;
    return found;
  }

  #refresh(): void {
    if (this.#clock.now() - this.#readAt < KEY_REFRESH_MS) return;
    this.#readAt = this.#clock.now();
    for (const known of this.#known) {
      try {
        known.digest = digestOf(known.configured.key.read());
      } catch (error) {
        this.#log.error(`The key of caller ${known.name} stays as it was. ${explain(error)}`);
      }
    }
  }

  #refuseSharedKeys(): void {
    const owners = new Map<string, string>();
    for (const { configured, digest } of this.#known) {
      const owner = owners.get(digest.toString("hex"));
      if (owner !== undefined) {
        throw new LineshaftError("config-invalid", `The callers ${owner} and ${configured.name} have the same key.`, {
          next: "Give each its own, so that one can be withdrawn and each is told apart.",
        });
      }
      owners.set(digest.toString("hex"), configured.name);
    }
  }
}

function digestOf(key: string): Buffer {
  return createHash("sha256").update(key).digest();
}
