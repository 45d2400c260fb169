import { createInterface } from "node:readline/promises";
import { inspect, stripVTControlCharacters } from "node:util";
import { LineshaftError, Secret } from "@lineshaft/core";
import { tell } from "./error-text.ts";
import { type Column, drawTable } from "./table.ts";

export interface TerminalOptions {
  json: boolean;
  debug: boolean;
  out?: NodeJS.WriteStream;
  err?: NodeJS.WriteStream;
}

/**
 * Where commands write: results to stdout, everything else to stderr, the values of secrets to neither. With `json`, a
 * single result is one JSON document on one line and a list is one document per line (NDJSON).
 */
export class Terminal {
  readonly json: boolean;
  readonly debug: boolean;
  readonly #out: NodeJS.WriteStream;
  readonly #err: NodeJS.WriteStream;
  #progressShown = false;

  constructor({ json, debug, out = process.stdout, err = process.stderr }: TerminalOptions) {
    this.json = json;
    this.debug = debug;
    this.#out = out;
    this.#err = err;
  }

  /** One result: a document, or what `text` makes of it. */
  result<T>(value: T, text: (value: T) => string): void {
    this.#write(this.#out, this.json ? toJson(value) : text(value));
  }

  /** Many results: a document a line, or a table. */
  list<T>(rows: readonly T[], columns: readonly Column<T>[], empty: string): void {
    if (this.json) for (const row of rows) this.#write(this.#out, toJson(row));
    else this.#write(this.#out, rows.length === 0 ? empty : drawTable(rows, columns, this.#width()));
  }

  /** A line for people, on stdout; nothing with `json`. */
  say(line: string): void {
    if (!this.json) this.#write(this.#out, line);
  }

  /** A line for people that is not part of the result. */
  note(line: string): void {
    this.#write(this.#err, line);
  }

  error(error: unknown): void {
    const told = tell(error);
    if (this.json) this.#write(this.#err, toJson({ error: told }));
    else {
      this.#write(this.#err, told.message);
      if (told.said) this.#write(this.#err, `It said: ${told.said}`);
      this.#write(this.#err, `${told.next} (${told.code})`);
    }
    if (this.debug) this.#write(this.#err, inspect(error, { depth: 5 }));
  }

  /** How far long work is, rewritten in place; only where a person watches. */
  progress(line: string): void {
    if (this.json || !this.#err.isTTY) return;
    this.#err.write(`\r\u001B[K${Secret.mask(line)}`);
    this.#progressShown = true;
  }

  /** @throws LineshaftError `usage` where nobody can be asked */
  async confirm(question: string): Promise<boolean> {
    if (this.json || !process.stdin.isTTY)
      throw new LineshaftError("usage", `${question} Nobody is there to answer.`, {
        next: "Look at it with --dry-run, then give --yes.",
      });
    const lines = createInterface({ input: process.stdin, output: this.#err });
    try {
      return /^y(es)?$/i.test((await lines.question(`${question} [y/N] `)).trim());
    } finally {
      lines.close();
    }
  }

  #width(): number {
    return this.#out.isTTY ? Math.max(80, this.#out.columns) : 200;
  }

  #write(stream: NodeJS.WriteStream, text: string): void {
    if (this.#progressShown) this.#err.write("\r\u001B[K");
    this.#progressShown = false;
    stream.write(`${harmless(Secret.mask(text))}\n`);
  }
}

/** What a message or a system says may hold escape sequences; they are not the terminal's to obey. */
function harmless(text: string): string {
  return stripVTControlCharacters(text).replaceAll(CONTROLS, "");
}

/** Control characters but line end and tab. */
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const CONTROLS = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/g;

function toJson(value: unknown): string {
  return JSON.stringify(value, (_name, inner: unknown) => (typeof inner === "bigint" ? inner.toString() : inner));
}
