import { type Contract, type Finding, LineshaftError, type Operation } from "@lineshaft/core";
import type { Excess, DeepReadonly } from "./exact.ts";
import type { Policy } from "./policy.ts";

/** What a mapping may know besides the payload. */
export interface MappingContext {
  /** The message's id in the ledger. */
  message: number;
  source: string;
  /** The source's own id of the fact. */
  sourceId: string;
  object: string;
  key: string;
  /** When it happened and when it was received, ms since 1970. */
  eventTime: number;
  receivedTime: number;
  /** What `system` calls a thing, from the cross-reference; undefined when nobody has said so yet. */
  identity(kind: string, object: string, system: string): Promise<string | undefined>;
  /** Newest known canonical payload of an object of a `state` contract. */
  latest(contract: string, object: string): Promise<unknown>;
}

export type Mapping<C, R> = (payload: C, context: MappingContext) => R | Promise<R>;

/** One way of a flow to one operation. */
export type RouteOptions<C, R> =
  | Mapping<C, R>
  | {
      map: Mapping<C, R>;
      /** Whether the message goes this way at all; decided once, when it is accepted. */
      when?: (payload: C) => boolean;
      policy?: Policy;
    };

/** A route with its types rubbed out, as the engine works with it. */
export interface RouteDefinition {
  operation: Operation<unknown>;
  map: Mapping<unknown, unknown>;
  when: ((payload: unknown) => boolean) | undefined;
  policy: Policy;
}

export interface FlowOptions<C> {
  /** Who looks after what gets parked; default `integration`. */
  owner?: string;
  /** A sentence for the catalog. */
  purpose?: string;
  /** The plant that it belongs to; set by `plant`. */
  plant?: string;
  /** Only facts of these systems; default all. */
  from?: readonly string[];
  /** Checks beyond the contract's own rules. Findings refuse the fact at intake. Must not throw. */
  check?(payload: C): Finding[];
  policy?: Policy;
}

/**
 * What happens to messages of one contract. Immutable: `to` returns a new flow.
 *
 * ```ts
 * flow("completions", completion, { owner: "production control" })
 *   .to(odoo.completeOrder, (c) => ({ order: c.productionOrder, quantity: c.yield.value }))
 *   .to(s4.confirmOperation, { when: (c) => c.operation !== undefined, map: toConfirmation })
 * ```
 */
export class Flow<C = unknown> {
  readonly name: string;
  readonly contract: Contract<C>;
  readonly options: FlowOptions<C>;
  readonly routes: readonly RouteDefinition[];

  constructor(name: string, contract: Contract<C>, options: FlowOptions<C>, routes: readonly RouteDefinition[] = []) {
    this.name = name;
    this.contract = contract;
    this.options = options;
    this.routes = routes;
  }

  /**
   * Adds a target. A mapping that reads a field the contract does not have, or writes one that the operation does not
   * know, does not compile: in the second case the compiler asks for a further argument, whose type names the field.
   */
  to<T, const R extends DeepReadonly<T>>(
    operation: Operation<T>,
    route: RouteOptions<C, R>,
    ..._unknownField: [Excess<T, R>] extends [never] ? [] : [unknownField: Excess<T, R>]
  ): Flow<C> {
    const { map, when, policy } =
      typeof route === "function" ? { map: route, when: undefined, policy: undefined } : route;
    const definition: RouteDefinition = {
      operation,
      map: map as Mapping<unknown, unknown>,
      when: when as ((payload: unknown) => boolean) | undefined,
      policy: { ...this.options.policy, ...policy },
    };
    return new Flow(this.name, this.contract, this.options, [...this.routes, definition]);
  }

  /**
   * Replaces the mapping of the way to this operation; what its options say stays, unless new ones are given.
   * @throws LineshaftError `config-invalid` when the flow has no such way
   */
  remap<T, const R extends DeepReadonly<T>>(
    operation: Operation<T>,
    route: RouteOptions<C, R>,
    ..._unknownField: [Excess<T, R>] extends [never] ? [] : [unknownField: Excess<T, R>]
  ): Flow<C> {
    const at = this.#routeTo(operation);
    const changed = typeof route === "function" ? { map: route } : route;
    const { policy, ...rest } = changed as Partial<RouteDefinition>;
    const routes = this.routes.map((before, i) =>
      i === at ? { ...before, ...rest, policy: { ...before.policy, ...policy } } : before,
    );
    return new Flow(this.name, this.contract, this.options, routes);
  }

  /**
   * Leaves the way to this operation out.
   * @throws LineshaftError `config-invalid` when the flow has no such way
   */
  without(operation: Operation<unknown>): Flow<C> {
    const at = this.#routeTo(operation);
    return new Flow(
      this.name,
      this.contract,
      this.options,
      this.routes.filter((_route, i) => i !== at),
    );
  }

  #routeTo({ system, name }: Operation<unknown>): number {
    const at = this.routes.findIndex((r) => r.operation.system === system && r.operation.name === name);
    if (at >= 0) return at;
    throw new LineshaftError("config-invalid", `Flow ${this.name} has no way to ${system.name}.${name}.`, {
      next: "Name an operation that it goes to, or add the way with to.",
    });
  }
}

export function flow<C>(name: string, contract: Contract<C>, options: FlowOptions<C> = {}): Flow<C> {
  return new Flow(name, contract, options);
}

/** A flow of any contract. */
export type AnyFlow = Pick<Flow, "name" | "contract" | "options" | "routes">;
