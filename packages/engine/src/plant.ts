import { LineshaftError, type SystemDefinition } from "@lineshaft/core";
import { type AnyFlow, Flow } from "./flow.ts";
import type {
  FlowMaking,
  Flows,
  Parameters,
  PlantOverrides,
  PlantTemplate,
  SystemMaking,
  Systems,
} from "./plant-template.ts";

/** One plant of a hub, for `defineHub({ plants: […] })`. */
export interface Plant {
  readonly name: string;
  readonly systems: readonly SystemDefinition[];
  readonly flows: readonly AnyFlow[];
  /** Each parameter as the template and as the plant says it; `template` is absent where each plant has to say. */
  readonly parameters: readonly { name: string; template?: unknown; plant: unknown }[];
  /** What the template alone makes of this plant, to compare with. */
  byTemplate(): Pick<Plant, "systems" | "flows">;
}

/** Longest name of a plant: it stands before the names of all its systems and flows. */
const PLANT_NAME_CHARS = 40;
const PLANT_NAME = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;
const PART_NAME = /^[A-Za-z0-9][A-Za-z0-9 ._-]*$/;

/**
 * A plant by a template and what is different there. Its systems and flows are called `<plant>/<name in the template>`.
 * Its flows take facts of its own systems only, unless a flow says with `from` where else from.
 *
 * ```ts
 * plant("pune", assembly, {
 *   parameters: { odooUrl: "https://odoo.pune.example", odooKey: Secret.env("PUNE_ODOO_KEY"), zone: "Asia/Kolkata" },
 *   policies: { completions: { retryCapMs: 60_000 } },
 *   replace: { flows: { completions: ({ template, systems }) => template.remap(systems.odoo.completeOrder, toPuneOrder) } },
 * })
 * ```
 *
 * @throws LineshaftError `config-invalid`
 */
export function plant<P extends Parameters, S extends Systems, F extends Flows, E extends Systems = {}>(
  name: string,
  template: PlantTemplate<P, S, F>,
  overrides: PlantOverrides<P, S, F, E>,
): Plant {
  if (!PLANT_NAME.test(name) || name.length > PLANT_NAME_CHARS)
    throw invalid(
      `A plant can't be called ${JSON.stringify(name)}.`,
      `Take small letters, digits and single hyphens, at most ${PLANT_NAME_CHARS} characters.`,
    );
  // Rubbed out as in a route: what fits was the compiler's business.
  const rubbed = {
    name,
    template: template as unknown as AnyTemplate,
    overrides: overrides as unknown as AnyOverrides,
  };
  const { parameters } = overrides as unknown as AnyOverrides;
  return {
    name,
    ...build(rubbed),
    parameters: Object.entries(template.parameters).map(([key, value]) => {
      const own = parameters[key];
      return isRequired(value)
        ? { name: key, plant: own }
        : { name: key, template: value, plant: own === undefined ? value : own };
    }),
    byTemplate: () => build({ ...rubbed, overrides: { parameters: requiredOnly(rubbed) } }),
  };
}

type Making = SystemMaking<Parameters> & FlowMaking<Parameters, Systems>;
type AnyTemplate = {
  parameters: Parameters;
  systems: Record<string, (making: Making) => SystemDefinition>;
  flows: Record<string, (making: Making) => AnyFlow>;
};
type AnyOverrides = {
  parameters: Parameters;
  limits?: Record<string, SystemDefinition["limits"]>;
  policies?: Record<string, Flow["options"]["policy"]>;
  without?: { systems?: readonly string[]; flows?: readonly string[] };
  replace?: {
    systems?: AnyTemplate["systems"];
    flows?: Record<string, (making: Making & { template: AnyFlow }) => AnyFlow>;
  };
  add?: Partial<Pick<AnyTemplate, "systems" | "flows">>;
};
interface Rubbed {
  name: string;
  template: AnyTemplate;
  overrides: AnyOverrides;
}

function build(rubbed: Rubbed): Pick<Plant, "systems" | "flows"> {
  const { name, template, overrides } = rubbed;
  const parameters = { ...template.parameters, ...overrides.parameters };
  for (const [key, value] of Object.entries(parameters))
    if (isRequired(value)) throw invalid(`Plant ${name} does not say ${key}.`, "Give it among the plant's parameters.");
  const all = buildSystems(rubbed, parameters);
  const left = new Set(overrides.without?.systems?.map((key) => all[key]));
  const systems = Object.values(all).filter((system) => !left.has(system));
  return { systems, flows: buildFlows(rubbed, { plant: name, parameters, systems: all }, systems, left) };
}

function buildSystems({ name, template, overrides }: Rubbed, parameters: Parameters): Record<string, SystemDefinition> {
  const { replace, add, limits } = overrides;
  const makers = joined(name, "system", template.systems, add?.systems);
  return Object.fromEntries(
    makers.map(([key, make]) => {
      const full = partName(name, key);
      const made = (replace?.systems?.[key] ?? make)({ name: full, plant: name, parameters } as Making);
      if (made.name !== full || made.plant !== undefined)
        throw invalid(
          `The system that is to be ${full} is called ${made.name}.`,
          "Make it anew for each plant, with the name that the function is given.",
        );
      // It was made for this plant a moment ago; operations refer to this very object, so that a copy would be another system.
      Object.assign(made, { plant: name, ...(limits?.[key] && { limits: { ...made.limits, ...limits[key] } }) });
      return [key, made];
    }),
  );
}

function buildFlows(
  { name, template, overrides }: Rubbed,
  making: FlowMaking<Parameters, Systems>,
  systems: readonly SystemDefinition[],
  left: ReadonlySet<SystemDefinition | undefined>,
): Flow[] {
  const { replace, add, without, policies } = overrides;
  const makers = joined(name, "flow", template.flows, add?.flows).filter(([key]) => !without?.flows?.includes(key));
  const leftNames = [...left].map((system) => system?.name);
  return makers.flatMap(([key, make]) => {
    const byTemplate = make(making as Making);
    const made =
      replace?.flows?.[key]?.({ ...making, template: byTemplate } as Making & { template: AnyFlow }) ?? byTemplate;
    const routes = made.routes
      .filter((route) => !left.has(route.operation.system))
      .map((route) => ({ ...route, policy: { ...route.policy, ...policies?.[key] } }));
    // A flow that had none from the start is told as one by the hub.
    if (routes.length === 0 && made.routes.length > 0) return [];
    const from = made.options.from?.filter((source) => !leftNames.includes(source)) ?? systems.map((s) => s.name);
    const options = { ...made.options, policy: { ...made.options.policy, ...policies?.[key] }, plant: name, from };
    return [new Flow(partName(name, key), made.contract, options, routes)];
  });
}

/** What the template has, then what the plant adds. */
function joined<T>(
  plantName: string,
  what: string,
  own: Record<string, T>,
  added: Record<string, T> = {},
): [string, T][] {
  const twice = Object.keys(added).find((key) => key in own);
  if (twice !== undefined)
    throw invalid(
      `Plant ${plantName} adds a ${what} ${twice}, which its template has.`,
      "Replace that one, or give the new one another name.",
    );
  return [...Object.entries(own), ...Object.entries(added)];
}

function partName(plantName: string, key: string): string {
  if (PART_NAME.test(key)) return `${plantName}/${key}`;
  throw invalid(
    `${JSON.stringify(key)} of plant ${plantName} is no name for a system or flow.`,
    "Take letters, digits, spaces, dots, hyphens and underscores.",
  );
}

function requiredOnly({ template, overrides }: Rubbed): Parameters {
  return Object.fromEntries(
    Object.entries(overrides.parameters).filter(([key]) => isRequired(template.parameters[key])),
  );
}

function isRequired(value: unknown): boolean {
  return typeof value === "object" && value !== null && "required" in value && value.required === true;
}

function invalid(message: string, next: string): LineshaftError {
  return new LineshaftError("config-invalid", message, { next });
}
