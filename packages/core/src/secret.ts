import { readFileSync } from "node:fs";
import { inspect } from "node:util";
import { LineshaftError } from "./errors.ts";

/** Shorter values are not looked for in text: they would turn up by chance. */
const MASKED_CHARS = 4;
/** Most values remembered for masking; rotation adds one at a time. */
const MASKED_VALUES = 1_000;

/**
 * A secret by reference. Configuration names where it lives; the value is read when it is used, so that a rotated file
 * is taken up without a restart, and appears in no log, ledger, error or screen: every way of printing it shows the reference.
 */
export class Secret {
  /** `env:ODOO_KEY` or `file:/run/secrets/odoo`. Safe to print. */
  readonly reference: string;
  readonly #read: () => string | undefined;
  /** Every secret that this process declared, by reference. */
  static readonly #declared = new Map<string, Secret>();
  /** Values read so far, newest first, only ever used to take them out of text. */
  static #values: string[] = [];

  private constructor(reference: string, read: () => string | undefined) {
    this.reference = reference;
    this.#read = read;
    Secret.#declared.set(reference, this);
  }

  /** The value of an environment variable. */
  static env(name: string, environment: NodeJS.ProcessEnv = process.env): Secret {
    return new Secret(`env:${name}`, () => environment[name]);
  }

  /** The content of a file, without a trailing line end. */
  static file(path: string): Secret {
    return new Secret(`file:${path}`, () => readFileSync(path, "utf8").replace(/\r?\n$/, ""));
  }

  /** A value made in this process, such as the demo's throw-away key. Never use it for a real secret. */
  static generated(label: string, value: string): Secret {
    return new Secret(`generated:${label}`, () => value);
  }

  /** What this process declared so far, one per reference. */
  static declared(): Secret[] {
    return [...Secret.#declared.values()];
  }

  /** The text with the value of every secret read so far taken out; the last defence before a log or a screen. */
  static mask(text: string): string {
    let masked = text;
    // The longest first, so that a value within another one does not leave the rest of it standing.
    for (const value of [...Secret.#values].sort((a, b) => b.length - a.length))
      masked = masked.replaceAll(value, "[secret]");
    return masked;
  }

  /** @throws LineshaftError `secret-missing` when the reference leads nowhere. */
  read(): string {
    let value: string | undefined;
    try {
      value = this.#read();
    } catch (cause) {
      throw new LineshaftError("secret-missing", `Cannot read the secret ${this.reference}.`, {
        next: "Create the file and let only the hub's user read it.",
        cause,
      });
    }
    if (value === undefined || value === "") {
      throw new LineshaftError("secret-missing", `The secret ${this.reference} is not set.`, {
        next: "Set it in the environment of the hub, then start again.",
      });
    }
    if (value.length >= MASKED_CHARS && !Secret.#values.includes(value))
      Secret.#values = [value, ...Secret.#values].slice(0, MASKED_VALUES);
    return value;
  }

  toString(): string {
    return `[secret ${this.reference}]`;
  }

  toJSON(): string {
    return this.toString();
  }

  [inspect.custom](): string {
    return this.toString();
  }
}
