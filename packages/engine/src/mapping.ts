import type { DeliveryPayload, Finding, Ledger } from "@lineshaft/core";
import type { MappingContext } from "./flow.ts";
import type { PlantScopes } from "./plant-scopes.ts";
import type { RunningRoute } from "./routing.ts";

/** What a delivery carries: the payload and what is known of its message. */
export interface Carried extends Omit<DeliveryPayload, "canonical" | "contract"> {
  payload: unknown;
}

/** What mappings may ask. */
export interface Asked {
  ledger: Ledger;
  scopes: PlantScopes;
}

export type Mapped = { ok: true; value: unknown } | { ok: false; message: string; next: string };

/** Maps a payload into the operation's terms and checks the result. Never throws. Returns at once when the mapping does. */
export function mapDelivery(route: RunningRoute, carried: Carried, asked: Asked): Mapped | Promise<Mapped> {
  try {
    const value = route.map(carried.payload, new Context(route, carried, asked));
    return value instanceof Promise
      ? value.then((v) => checked(route, v)).catch((error: unknown) => threw(route, error))
      : checked(route, value);
  } catch (error) {
    return threw(route, error);
  }
}

function checked(route: RunningRoute, value: unknown): Mapped {
  const findings = route.operation.check(value);
  if (findings.length === 0) return { ok: true, value };
  return {
    ok: false,
    message: `What flow ${route.flow} made is not what ${route.system}.${route.operation.name} takes: ${listed(findings)}`,
    next: "Correct the flow's mapping or the message, then resend.",
  };
}

function threw(route: RunningRoute, error: unknown): Mapped {
  return {
    ok: false,
    message: `The mapping of flow ${route.flow} to ${route.system}.${route.operation.name} failed: ${error instanceof Error ? error.message : String(error)}`,
    next: "Correct the flow's mapping or the message, then resend.",
  };
}

const LISTED_FINDINGS = 5;

function listed(findings: readonly Finding[]): string {
  const shown = findings.slice(0, LISTED_FINDINGS).map((f) => `${f.field === "" ? "the value" : f.field}: ${f.fix}`);
  const more = findings.length - shown.length;
  return shown.join(" ") + (more > 0 ? ` And ${more} more.` : "");
}

/** Getters on a shared prototype: making one costs next to nothing for the many mappings that ask for nothing. */
class Context implements MappingContext {
  readonly #route: RunningRoute;
  readonly #carried: Carried;
  readonly #asked: Asked;

  constructor(route: RunningRoute, carried: Carried, asked: Asked) {
    this.#route = route;
    this.#carried = carried;
    this.#asked = asked;
  }

  get message() {
    return this.#carried.message;
  }
  get source() {
    return this.#carried.source;
  }
  get sourceId() {
    return this.#carried.sourceId;
  }
  get object() {
    return this.#carried.object;
  }
  get key() {
    return this.#carried.key;
  }
  get eventTime() {
    return this.#carried.eventTime;
  }
  get receivedTime() {
    return this.#carried.receivedTime;
  }

  identity(kind: string, object: string, system: string) {
    return this.#asked.ledger.identity({ kind, object, system });
  }

  async latest(contract: string, object: string): Promise<unknown> {
    const { ledger, scopes } = this.#asked;
    const sources = scopes.of(this.#route.system) ?? scopes.of(this.#carried.source);
    const canonical = (await ledger.latest({ contract, objects: [object], sources })).get(object);
    return canonical === undefined ? undefined : JSON.parse(canonical);
  }
}
