import type { Clock, Contract, Fact, Finding, Intake, Receipt } from "@lineshaft/core";
import type { FactBuffer } from "./buffer.ts";
import type { BufferedFact } from "./buffered-fact.ts";
import { EVIDENCE_BYTES, FACT_BYTES } from "./limits.ts";

interface GatewayIntakeOptions {
  source: string;
  buffer: FactBuffer;
  clock: Clock;
  /** Contracts of facts that may be shed. */
  telemetry: ReadonlySet<string>;
  /** Where given, what breaks one is told to its source at once. It goes up all the same, as evidence. */
  contracts: ReadonlyMap<string, Contract>;
  counted: () => void;
}

/** What a gateway offers its sources: a fact is recorded when it is on the gateway's disk. */
export class GatewayIntake implements Intake {
  readonly #o: GatewayIntakeOptions;

  constructor(options: GatewayIntakeOptions) {
    this.#o = options;
  }

  async record(fact: Fact): Promise<Receipt> {
    const { buffer, clock, telemetry, contracts, counted } = this.#o;
    const made = translate(fact);
    const findings = findingsOf(contracts.get(fact.contract), fact, made);
    const { contract, id, scope, fields, trace, origin, cursor } = fact;
    const seq = await buffer.record(
      {
        telemetry: telemetry.has(contract),
        receivedTime: clock.now(),
        contract,
        id,
        scope,
        fields,
        trace,
        origin: origin === undefined ? this.#o.source : `${this.#o.source} ${origin}`,
        raw: tooLong(fact.raw) ? Buffer.from(fact.raw).subarray(0, EVIDENCE_BYTES) : fact.raw,
        ...made,
      },
      cursor && { name: this.#cursorName(cursor.name), value: cursor.value },
    );
    counted();
    if (findings.length > 0) return { kind: "refused", refusal: seq, findings };
    return { kind: "accepted", message: seq };
  }

  listening(): void {
    // Only a running source has somebody who waits for it.
  }

  async loadCursor(name: string): Promise<string | undefined> {
    const value = this.#o.buffer.setting(this.#cursorName(name));
    return typeof value === "string" ? value : undefined;
  }

  async saveCursor(name: string, value: string): Promise<void> {
    this.#o.buffer.saveSetting(this.#cursorName(name), value);
  }

  #cursorName(name: string): string {
    return `cursor:${this.#o.source}:${name}`;
  }
}

type Translated = Pick<BufferedFact, "canonical" | "fault">;

/** A translation is code of the gateway's configuration, so it is done here; the hub keeps both forms. */
function translate(fact: Fact): Translated {
  const { raw, fields = {} } = fact;
  if (tooLong(raw)) return { fault: `The fact is longer than ${FACT_BYTES} bytes; its beginning is kept.` };
  if (fact.translate === undefined) return {};
  try {
    const body = parse(raw);
    const canonical = JSON.stringify(fact.translate(isObject(body) ? { ...fields, ...body } : body, fields)) ?? "null";
    return tooLong(canonical)
      ? { fault: `What was made of the fact is longer than ${FACT_BYTES} bytes.` }
      : { canonical };
  } catch (error) {
    return { fault: error instanceof Error ? error.message : String(error) };
  }
}

function tooLong(raw: string | Uint8Array): boolean {
  return (typeof raw === "string" ? Buffer.byteLength(raw) : raw.byteLength) > FACT_BYTES;
}

function findingsOf(contract: Contract | undefined, fact: Fact, made: Translated): Finding[] {
  if (tooLong(fact.raw)) return [{ field: "", rule: "intake.too-large", fix: `Send at most ${FACT_BYTES} bytes.` }];
  if (contract === undefined) return [];
  try {
    if (made.fault !== undefined) throw new Error(made.fault);
    const body = parse(made.canonical ?? fact.raw);
    return contract.check(made.canonical === undefined && isObject(body) ? { ...fact.fields, ...body } : body);
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    return [{ field: "", rule: "intake.unreadable", fix: `Send what the contract ${contract.id} asks for (${said}).` }];
  }
}

function parse(raw: string | Uint8Array): unknown {
  return JSON.parse(typeof raw === "string" ? raw : new TextDecoder("utf-8", { fatal: true }).decode(raw));
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
