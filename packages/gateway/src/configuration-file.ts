import { type KeyObject, createPublicKey } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { writeWhole } from "./authority.ts";
import { readPem } from "./link.ts";
import { type Publication, type SignedPublication, openPublication } from "./publication.ts";

/** Where a gateway keeps the configurations that it ran with. */
export interface ConfigurationFiles {
  /** The last one that was good; the one before it lies beside it. */
  file: string;
  /** PEM of the public key that configurations are signed with. */
  key: string;
}

/** The last configurations that a gateway could start with, on its disk. What is torn or was changed is not taken. */
export class ConfigurationFile {
  readonly #files: ConfigurationFiles;
  readonly #gateway: string;
  #key: KeyObject | undefined;

  constructor(files: ConfigurationFiles, gateway: string) {
    this.#files = files;
    this.#gateway = gateway;
  }

  /** @throws LineshaftError `config-invalid` when it cannot be read */
  get key(): KeyObject {
    this.#key ??= createPublicKey(readPem(this.#files.key));
    return this.#key;
  }

  /** Those that can be read and are signed; and what is wrong with the others. */
  load(): { kept: Publication[]; problems: string[] } {
    const kept: Publication[] = [];
    const problems: string[] = [];
    for (const path of [this.#files.file, this.#before]) {
      if (!existsSync(path)) continue;
      const found = this.#read(path);
      if (typeof found === "string") problems.push(`${path}: ${found}`);
      else kept.push(found);
    }
    return { kept, problems };
  }

  /** This one is good. The one that was is kept beside it, unless it is torn. */
  save(signed: SignedPublication): void {
    const { file } = this.#files;
    if (existsSync(file) && typeof this.#read(file) !== "string") writeWhole(this.#before, readFileSync(file));
    writeWhole(file, JSON.stringify(signed, null, 2));
  }

  get #before(): string {
    return `${this.#files.file}.before`;
  }

  /** What lies there; or why it is not taken. */
  #read(path: string): Publication | string {
    let signed: SignedPublication;
    try {
      signed = JSON.parse(readFileSync(path, "utf8")) as SignedPublication;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
    return openPublication(signed, this.#gateway, this.key);
  }
}
