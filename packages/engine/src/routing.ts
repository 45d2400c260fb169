import type { Contract, Ledger, Operation } from "@lineshaft/core";
import type { AnyFlow, Mapping } from "./flow.ts";
import type { HubDefinition } from "./hub-definition.ts";
import { type Policy, type Priority, policyDefaults } from "./policy.ts";

/** A route of a flow, numbered by the ledger. */
export interface RunningRoute {
  id: number;
  flow: string;
  contract: Contract;
  system: string;
  operation: Operation<unknown>;
  map: Mapping<unknown, unknown>;
  when: ((payload: unknown) => boolean) | undefined;
  policy: Policy;
  priority: Priority;
  owner: string;
}

export interface RunningFlow {
  definition: AnyFlow;
  routes: RunningRoute[];
  from: ReadonlySet<string> | undefined;
}

const DEFAULT_OWNER = "integration";

/** The flows of a hub, found by what a fact needs: its contract and its route's number. */
export class Routing {
  readonly flows: RunningFlow[];
  readonly contracts: ReadonlyMap<string, Contract>;
  readonly #byContract = new Map<string, RunningFlow[]>();
  readonly #byId = new Map<number, RunningRoute>();

  private constructor(flows: RunningFlow[], contracts: ReadonlyMap<string, Contract>) {
    this.flows = flows;
    this.contracts = contracts;
    for (const flow of flows) {
      const contract = flow.definition.contract.id;
      this.#byContract.set(contract, [...(this.#byContract.get(contract) ?? []), flow]);
      for (const route of flow.routes) this.#byId.set(route.id, route);
    }
  }

  /** Numbers the routes in the ledger, which keeps the numbers for good. */
  static async register(definition: HubDefinition, ledger: Ledger): Promise<Routing> {
    const flows: RunningFlow[] = [];
    for (const flow of definition.flows) {
      const registered = await ledger.registerRoutes(
        flow.routes.map((r) => ({ flow: flow.name, system: r.operation.system.name, operation: r.operation.name })),
      );
      const routes = flow.routes.map((route, at): RunningRoute => ({
        id: registered[at]?.id ?? 0,
        flow: flow.name,
        contract: flow.contract,
        system: route.operation.system.name,
        operation: route.operation,
        map: route.map,
        when: route.when,
        policy: route.policy,
        priority: route.policy.priority ?? policyDefaults.priority,
        owner: route.policy.owner ?? flow.options.owner ?? DEFAULT_OWNER,
      }));
      flows.push({
        definition: flow,
        routes,
        from: flow.options.from === undefined ? undefined : new Set(flow.options.from),
      });
    }
    const contracts = new Map(
      [...(definition.contracts ?? []), ...definition.flows.map((f) => f.contract)].map((contract) => [
        contract.id,
        contract,
      ]),
    );
    return new Routing(flows, contracts);
  }

  /** The flows for a fact of this contract from this source. */
  flowsFor(contract: string, source: string): RunningFlow[] {
    const flows = this.#byContract.get(contract) ?? [];
    return flows.every((flow) => flow.from === undefined)
      ? flows
      : flows.filter((flow) => flow.from?.has(source) ?? true);
  }

  routesOf(system: string): RunningRoute[] {
    return [...this.#byId.values()].filter((route) => route.system === system);
  }

  route(id: number): RunningRoute | undefined {
    return this.#byId.get(id);
  }
}
