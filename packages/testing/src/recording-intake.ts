import type { Contract, Fact, Finding, Intake, Receipt } from "@lineshaft/core";

export interface RecordingIntakeOptions {
  /** With contracts, facts are parsed and checked as the engine does; without, everything is accepted. */
  contracts?: readonly Contract[];
  /** What `rules` take for now, ms since 1970. */
  now?: () => number;
}

/** A fact and what it was answered with. */
export interface RecordedFact {
  fact: Fact;
  receipt: Receipt;
}

/** An intake in memory that does as a test tells it: takes, holds back, fails, refuses, or reports duplicates. */
export class RecordingIntake implements Intake {
  /** All that was ever handed over, also what failed or is still held. */
  readonly handed: Fact[] = [];
  /** What was answered, in the order of the answers. */
  readonly recorded: RecordedFact[] = [];
  readonly cursors = new Map<string, string>();
  /** Overrides every receipt. */
  answer: ((fact: Fact) => Receipt) | undefined;

  readonly #contracts: Map<string, Contract>;
  readonly #now: () => number;
  readonly #known = new Map<string, { message: number; text: string }>();
  #held: (() => void)[] | undefined;
  #error: Error | undefined;
  #messages = 0;
  #refusals = 0;

  constructor({ contracts = [], now = Date.now }: RecordingIntakeOptions = {}) {
    this.#contracts = new Map(contracts.map((contract) => [contract.id, contract]));
    this.#now = now;
  }

  /** Facts handed over and not yet answered. */
  get waiting(): number {
    return this.#held?.length ?? 0;
  }

  /** Texts of what was recorded, each once, in the order of the first time. */
  get texts(): string[] {
    return [...new Set(this.recorded.map(({ fact }) => textOf(fact)))];
  }

  /** From now on nothing is answered until `release`. */
  hold(): void {
    this.#held ??= [];
  }

  /** Answers what is held, in order, and holds nothing back any more. */
  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const answer of held) answer();
  }

  /** From now on `record` throws this; undefined ends it. */
  failWith(error: Error | undefined): void {
    this.#error = error;
  }

  async record(fact: Fact): Promise<Receipt> {
    this.handed.push(fact);
    if (this.#error) throw this.#error;
    const held = this.#held;
    if (held) await new Promise<void>((resolve) => held.push(resolve));
    const receipt = this.answer?.(fact) ?? this.#judge(fact);
    this.recorded.push({ fact, receipt });
    return receipt;
  }

  /** How often the source said that it takes facts. */
  listened = 0;

  listening(): void {
    this.listened++;
  }

  async loadCursor(name: string): Promise<string | undefined> {
    return this.cursors.get(name);
  }

  async saveCursor(name: string, value: string): Promise<void> {
    this.cursors.set(name, value);
  }

  #judge(fact: Fact): Receipt {
    const text = textOf(fact);
    if (this.#contracts.size === 0) return this.#take(fact.id, text);
    const contract = this.#contracts.get(fact.contract);
    if (!contract) return this.#refuse([{ field: "", rule: "contract.unknown", fix: "Use a known contract." }]);
    const read = readFact(fact);
    if ("findings" in read) return this.#refuse(read.findings);
    const findings = contract.check(read.value);
    if (findings.length > 0) return this.#refuse(findings);
    const broken = contract.rules(read.value, () => undefined, this.#now());
    return broken.length > 0 ? this.#refuse(broken) : this.#take(fact.id ?? contract.describe(read.value).id, text);
  }

  #take(id: string | undefined, text: string): Receipt {
    const known = id === undefined ? undefined : this.#known.get(id);
    if (known) return { kind: "duplicate", message: known.message, differs: known.text !== text };
    const message = ++this.#messages;
    if (id !== undefined) this.#known.set(id, { message, text });
    return { kind: "accepted", message };
  }

  #refuse(findings: Finding[]): Receipt {
    return { kind: "refused", refusal: ++this.#refusals, findings };
  }
}

function readFact(fact: Fact): { value: unknown } | { findings: Finding[] } {
  try {
    const bytes = typeof fact.raw === "string" ? Buffer.from(fact.raw) : fact.raw;
    const body: unknown = JSON.parse(new TextDecoder("utf8", { fatal: true }).decode(bytes));
    const whole = isObject(body) ? { ...fact.fields, ...body } : body;
    return { value: fact.translate ? fact.translate(whole, fact.fields ?? {}) : whole };
  } catch (error) {
    return {
      findings: [{ field: "", rule: "json.unreadable", fix: error instanceof Error ? error.message : String(error) }],
    };
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textOf(fact: Fact): string {
  return typeof fact.raw === "string" ? fact.raw : Buffer.from(fact.raw).toString("latin1");
}
