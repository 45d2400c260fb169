import { type Clock, type Contract, type Ledger, LineshaftError, type SystemDefinition } from "@lineshaft/core";
import type { AnyFlow } from "./flow.ts";
import type { Plant } from "./plant.ts";

/** How to open a ledger; what `sqlite({…})` returns. */
export interface LedgerDefinition {
  readonly engine: string;
  /** Where, without secrets. */
  readonly location: string;
  open(options: { clock: Clock; readOnly?: boolean }): Promise<Ledger>;
}

export interface HubLimits {
  /** Facts that may wait for their commit; more are told to come back later. Default 20,000. */
  intakeFacts?: number;
  /** Bytes that may wait for their commit. Default 64 MiB. */
  intakeBytes?: number;
  /** Longest payload accepted, in bytes. Default 1 MiB. */
  bodyBytes?: number;
  /** Bytes of a refused payload kept as evidence. Default 64 KiB. */
  refusedBytes?: number;
  /** Deliveries of one system held in memory; the others wait in the ledger. Default 10,000. */
  windowDeliveries?: number;
  /** Longest time to finish what is under way at a stop. Default 30,000 ms. */
  drainMs?: number;
}

/** What a project's `lineshaft.config.ts` exports by default: what `defineHub` returns. */
export interface HubDefinition {
  readonly name: string;
  readonly ledger: LedgerDefinition;
  /** All of them, those of the plants among them. */
  readonly systems: readonly SystemDefinition[];
  readonly flows: readonly AnyFlow[];
  readonly plants?: readonly Plant[];
  /** Contracts that may be received without any flow for them. Those of the flows are known anyway. */
  readonly contracts?: readonly Contract[];
  readonly limits?: HubLimits;
}

/** What a project says: systems and flows that belong to no single plant, and plants with theirs. */
export type HubDeclaration = Omit<HubDefinition, "systems" | "flows"> &
  Partial<Pick<HubDefinition, "systems" | "flows">>;

/**
 * Declares a hub and checks that it holds together.
 * @throws LineshaftError `config-invalid` naming the first thing that does not
 */
export function defineHub(declaration: HubDeclaration): HubDefinition {
  const { systems = [], flows = [], plants = [] } = declaration;
  // A definition that went through here before comes back as it was.
  const definition = {
    ...declaration,
    systems: [...new Set([...systems, ...plants.flatMap((plant) => plant.systems)])],
    flows: [...new Set([...flows, ...plants.flatMap((plant) => plant.flows)])],
  };
  const problem = hubProblems(definition)[0];
  if (problem !== undefined)
    throw new LineshaftError("config-invalid", problem, {
      next: "Correct lineshaft.config.ts, then run lineshaft check.",
    });
  return definition;
}

/** Every problem of a definition, as sentences. */
export function hubProblems(definition: HubDefinition): string[] {
  const systems = definition.systems.map((s) => s.name);
  const flows = definition.flows.map((f) => f.name);
  return [
    ...repeated((definition.plants ?? []).map((p) => p.name)).map((name) => `Two plants are called ${name}.`),
    ...repeated(systems).map((name) => `Two systems are called ${name}.`),
    ...repeated(flows).map((name) => `Two flows are called ${name}.`),
    ...definition.flows.flatMap((flow) => [
      ...(flow.routes.length === 0 ? [`Flow ${flow.name} has no target.`] : []),
      ...flow.routes
        .filter((route) => !definition.systems.includes(route.operation.system))
        .map(
          (route) => `Flow ${flow.name} sends to ${route.operation.system.name}, which is not among the hub's systems.`,
        ),
      ...repeated(flow.routes.map((r) => `${r.operation.system.name}.${r.operation.name}`)).map(
        (target) =>
          `Flow ${flow.name} goes to ${target} twice; a message has at most one delivery per flow and target.`,
      ),
      ...(flow.options.from ?? [])
        .filter((source) => !systems.includes(source))
        .map((source) => `Flow ${flow.name} takes facts from ${source}, which is not among the hub's systems.`),
      ...plantProblems(flow),
    ]),
  ];
}

/** Facts of one plant get to systems of another only where a flow beside the plants says from where. */
function plantProblems({ name, routes, options: { plant, from } }: AnyFlow): string[] {
  return [...new Set(routes.map((route) => route.operation.system))]
    .filter((system) => system.plant !== undefined && system.plant !== plant)
    .flatMap((system) => {
      if (plant !== undefined)
        return [
          `Flow ${name} of plant ${plant} sends to ${system.name}; a flow between plants stands beside them, in the hub's flows.`,
        ];
      return from === undefined
        ? [`Flow ${name} sends facts of all plants to ${system.name}; say with from which systems it takes them from.`]
        : [];
    });
}

function repeated(names: readonly string[]): string[] {
  return [...new Set(names.filter((name, at) => names.indexOf(name) !== at))];
}
