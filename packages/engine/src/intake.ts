import {
  type Clock,
  type Contract,
  type Description,
  type Fact,
  type Finding,
  type Intake,
  type Ledger,
  LineshaftError,
  type NewMessage,
  type OtherWorkers,
  type Receipt,
  type References,
  showValue,
} from "@lineshaft/core";
import type { Span } from "@opentelemetry/api";
import type { Committer } from "./committer.ts";
import type { KnownObjects } from "./known-objects.ts";
import type { Carried } from "./mapping.ts";
import { policyDefaults } from "./policy.ts";
import type { Routing, RunningRoute } from "./routing.ts";
import { type Tracing, traceparentOf } from "./tracing.ts";

export interface IntakeLimits {
  intakeFacts: number;
  intakeBytes: number;
  bodyBytes: number;
  refusedBytes: number;
}

/** A delivery that was just accepted, on its way to dispatch without a detour over the disk. */
export interface Accepted {
  id: number;
  route: RunningRoute;
  carried: Carried;
  /** Of its payload, in characters. */
  chars: number;
}

export interface IntakeFigures {
  accepted: number;
  duplicates: number;
  refused: number;
  turnedAway: number;
}

interface IntakeOptions {
  source: string;
  routing: Routing;
  ledger: Ledger;
  committer: Committer;
  clock: Clock;
  limits: IntakeLimits;
  known: KnownObjects;
  /** By whose facts objects are known here; undefined: by all. */
  knownBy: readonly string[] | undefined;
  tracing: Tracing;
  figures: IntakeFigures;
  /** Called in the order of acceptance, before the source is answered. */
  accepted: (deliveries: Accepted[], superseded: readonly number[], flows: readonly string[]) => void;
  counted: (fact: Fact) => void;
  others: () => OtherWorkers | undefined;
}

/** Text that is not valid UTF-8 is refused rather than repaired, because a repaired lot number is another lot. */
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const BYTE_ORDER_MARK = "\uFEFF";

type Read =
  { ok: true; text: string; canonical: string | undefined; payload: unknown } | { ok: false; findings: Finding[] };

/** Takes facts of one source: reads, translates, checks, routes and stores them. */
export class EngineIntake implements Intake {
  readonly #o: IntakeOptions;
  /** The last fact handed over before, while it still has to be looked up. */
  #ahead: Promise<undefined> | undefined;

  constructor(options: IntakeOptions) {
    this.#o = options;
  }

  record(fact: Fact): Promise<Receipt> {
    const span = this.#o.tracing.record(fact.trace, {
      "lineshaft.source": this.#o.source,
      "lineshaft.contract": fact.contract,
    });
    return span === undefined ? this.#record(fact) : this.#recordTraced(fact, span);
  }

  async #recordTraced(fact: Fact, span: Span): Promise<Receipt> {
    try {
      const receipt = await this.#record({ ...fact, trace: traceparentOf(span) });
      span.setAttribute("lineshaft.receipt", receipt.kind);
      return receipt;
    } finally {
      span.end();
    }
  }

  /** No async function, nor are those that it calls: a promise for each layer is what an intake would spend most on. */
  #record(fact: Fact): Promise<Receipt> {
    const { limits, committer, figures, clock } = this.#o;
    const waiting = committer.waiting;
    if (waiting.facts >= limits.intakeFacts || waiting.bytes >= limits.intakeBytes) {
      figures.turnedAway++;
      return Promise.reject(overloaded(waiting));
    }
    this.#o.counted(fact);
    const receivedTime = clock.now();
    const contract = this.#o.routing.contracts.get(fact.contract);
    if (contract === undefined) return this.#refuse(fact, receivedTime, [unknownContract(fact.contract)]);
    const read = readFact(fact, limits.bodyBytes);
    if (!read.ok) return this.#refuse(fact, receivedTime, read.findings);
    const described = describe(contract, read.payload);
    if (!described.ok) return this.#refuse(fact, receivedTime, described.findings, idIn(read.payload));
    const { description } = described;
    const decide = (broken: readonly Finding[]): Promise<Receipt> => {
      const routed = this.#route(contract, read.payload);
      const findings = [...broken, ...routed.findings];
      if (findings.length > 0) return this.#refuse(fact, receivedTime, findings, description.id);
      return this.#store(fact, read, description, routed, receivedTime);
    };
    const broken = this.#o.known.answer(
      (known) => brokenRules(contract, read.payload, known, receivedTime),
      this.#o.knownBy,
    );
    if (broken instanceof Promise || this.#ahead !== undefined) return this.#inTurn(broken).then(decide);
    return decide(broken);
  }

  /** Whoever runs the source wants to know; see SourceRunner. */
  listening(): void {
    // Only a running source has somebody who waits for it.
  }

  get others(): OtherWorkers | undefined {
    return this.#o.others();
  }

  loadCursor(name: string): Promise<string | undefined> {
    return this.#o.ledger.loadCursor(this.#cursorName(name));
  }

  saveCursor(name: string, value: string): Promise<void> {
    return this.#o.ledger.saveCursor(this.#cursorName(name), value);
  }

  #cursorName(name: string): string {
    return `${this.#o.source}:${name}`;
  }

  #cursor({ cursor }: Fact): Pick<NewMessage, "cursor"> {
    return cursor === undefined ? {} : { cursor: { ...cursor, name: this.#cursorName(cursor.name) } };
  }

  /** A fact whose look-up takes a while is not overtaken by the ones that the same source handed over after it. */
  async #inTurn<T>(work: T | Promise<T>): Promise<T> {
    const mine = Promise.all([work, this.#ahead]);
    const ended = mine.then(
      () => undefined,
      () => undefined,
    );
    this.#ahead = ended;
    try {
      return (await mine)[0];
    } finally {
      if (this.#ahead === ended) this.#ahead = undefined;
    }
  }

  #route(contract: Contract, payload: unknown): Routed {
    const routed: Routed = { routes: [], flows: [], findings: [] };
    for (const flow of this.#o.routing.flowsFor(contract.id, this.#o.source)) {
      routed.flows.push(flow.definition.name);
      try {
        const own = flow.definition.options.check?.(payload);
        if (own !== undefined) routed.findings.push(...own);
        for (const route of flow.routes) if (route.when === undefined || route.when(payload)) routed.routes.push(route);
      } catch (error) {
        routed.findings.push({
          field: "",
          rule: "flow.failed",
          value: error instanceof Error ? error.message : String(error),
          fix: `Flow ${flow.definition.name} cannot decide about this message; its check or condition has to be corrected.`,
        });
      }
    }
    return routed;
  }

  #store(
    fact: Fact,
    read: Read & { ok: true },
    d: Description,
    routed: Routed,
    receivedTime: number,
  ): Promise<Receipt> {
    const { source, committer, figures } = this.#o;
    const sourceId = sourceIdOf(fact, d.id);
    const stored = committer.record({
      source,
      sourceId,
      contract: fact.contract,
      object: d.object,
      key: d.key,
      version: d.version,
      eventTime: d.eventTime,
      receivedTime,
      received: read.text,
      canonical: read.canonical,
      origin: fact.origin,
      trace: fact.trace,
      deliveries: routed.routes.map((route) => ({
        route: route.id,
        supersede: route.policy.supersede ?? policyDefaults.supersede,
      })),
      ...this.#cursor(fact),
    });
    return stored.then((recorded) => {
      if (recorded.kind === "duplicate") {
        figures.duplicates++;
        return recorded;
      }
      figures.accepted++;
      if (d.version !== undefined) this.#o.known.forget({ contract: fact.contract, object: d.object });
      const carried: Carried = {
        message: recorded.message,
        source,
        sourceId,
        object: d.object,
        key: d.key,
        eventTime: d.eventTime,
        receivedTime,
        trace: fact.trace ?? null,
        payload: read.payload,
      };
      const { length: chars } = read.canonical ?? read.text;
      const deliveries: Accepted[] = [];
      for (const [at, delivery] of recorded.deliveries.entries()) {
        const route = routed.routes[at];
        if (delivery.state === "pending" && route !== undefined)
          deliveries.push({ id: delivery.id, route, carried, chars });
      }
      this.#o.accepted(deliveries, recorded.superseded, routed.flows);
      return { kind: "accepted", message: recorded.message };
    });
  }

  async #refuse(fact: Fact, receivedTime: number, findings: Finding[], sourceId?: string): Promise<Receipt> {
    const { source, committer, figures, limits } = this.#o;
    const received = typeof fact.raw === "string" ? Buffer.from(fact.raw) : fact.raw;
    const id = fact.id === undefined && sourceId === undefined ? undefined : sourceIdOf(fact, sourceId ?? "");
    const refusal = await committer.refuse({
      source,
      ...(id === undefined ? {} : { sourceId: id }),
      contract: fact.contract,
      receivedTime,
      received: received.subarray(0, limits.refusedBytes),
      receivedBytes: received.byteLength,
      findings,
      origin: fact.origin,
      ...this.#cursor(fact),
    });
    figures.refused++;
    return { kind: "refused", refusal, findings };
  }
}

interface Routed {
  routes: RunningRoute[];
  flows: string[];
  findings: Finding[];
}

function readFact(fact: Fact, bodyBytes: number): Read {
  const bytes = typeof fact.raw === "string" ? Buffer.byteLength(fact.raw) : fact.raw.byteLength;
  if (bytes > bodyBytes) return refused("intake.too-large", `Send at most ${bodyBytes} bytes; this has ${bytes}.`);
  let text: string;
  try {
    text = typeof fact.raw === "string" ? fact.raw : utf8.decode(fact.raw);
  } catch {
    return refused("intake.not-utf8", "Send the payload as UTF-8 text.");
  }
  const json = text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text;
  let body: unknown;
  try {
    body = JSON.parse(json);
  } catch (error) {
    return refused(
      "intake.not-json",
      `Send valid JSON (${error instanceof Error ? error.message : "it cannot be read"}).`,
    );
  }
  if (fact.translate === undefined && fact.fields === undefined)
    return { ok: true, text, payload: body, canonical: json === text ? undefined : json };
  try {
    const filled = fillIn(body, fact.fields ?? {});
    const payload = fact.translate === undefined ? filled : fact.translate(filled, fact.fields ?? {});
    return { ok: true, text, payload, canonical: JSON.stringify(payload) ?? "null" };
  } catch (error) {
    return refused(
      "intake.translation",
      `The source's form cannot be translated: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

function describe(
  contract: Contract,
  payload: unknown,
): { ok: true; description: Description } | { ok: false; findings: Finding[] } {
  try {
    const findings = contract.check(payload);
    return findings.length > 0 ? { ok: false, findings } : { ok: true, description: contract.describe(payload) };
  } catch (error) {
    return { ok: false, findings: [contractFailed(contract, error)] };
  }
}

function brokenRules(contract: Contract, payload: unknown, known: References, now: number): Finding[] {
  try {
    return contract.rules(payload, known, now);
  } catch (error) {
    return [contractFailed(contract, error)];
  }
}

/** A source that got an error instead would send the same fact for ever. */
function contractFailed(contract: Contract, error: unknown): Finding {
  return {
    field: "",
    rule: "contract.failed",
    value: showValue(error instanceof Error ? error.message : String(error)),
    fix: `The contract ${contract.id} cannot judge this message; its code has to be corrected.`,
  };
}

/** Fields from outside fill what the payload leaves out; they never overwrite it. */
function fillIn(body: unknown, fields: Readonly<Record<string, string>>): unknown {
  return typeof body === "object" && body !== null && !Array.isArray(body) ? { ...fields, ...body } : body;
}

function refused(rule: string, fix: string): Read {
  return { ok: false, findings: [{ field: "", rule, fix }] };
}

function unknownContract(contract: string): Finding {
  return {
    field: "",
    rule: "intake.unknown-contract",
    value: showValue(contract),
    fix: "Send one of the contracts that this hub knows; lineshaft contracts lists them.",
  };
}

function sourceIdOf(fact: Fact, inside: string): string {
  const id = fact.id ?? inside;
  return fact.scope === undefined ? id : `${fact.scope}:${id}`;
}

function idIn(payload: unknown): string | undefined {
  const id: unknown = typeof payload === "object" && payload !== null && "id" in payload ? payload.id : undefined;
  return typeof id === "string" ? id.slice(0, 200) : undefined;
}

function overloaded({ facts, bytes }: { facts: number; bytes: number }): LineshaftError {
  return new LineshaftError("intake-overloaded", `${facts} facts (${bytes} bytes) wait to be stored already.`, {
    next: "Send it again in a moment; nothing of it was kept.",
  });
}
