import { Secret, type SystemDefinition } from "@lineshaft/core";
import type { AnyFlow, RouteDefinition } from "./flow.ts";
import type { Plant } from "./plant.ts";

/** One way in which a plant is not what its template makes of it. Values are as the configuration has them; secrets are `Secret`s. */
export interface PlantDifference {
  what:
    "parameter" | "system" | "limit" | "flow" | "owner" | "from" | "check" | "way" | "policy" | "mapping" | "condition";
  /** Without the plant's name: `odoo`, `completions`, `completions to odoo.completeOrder retryCapMs`. */
  name: string;
  /** `given`: each plant has to say it. `another`: a function that reads differently. */
  change: "added" | "left out" | "changed" | "given" | "another";
  template?: unknown;
  plant?: unknown;
}

/** How a plant differs from its template, in the order of the template. Mappings are compared by identity, then by their text. */
export function plantDifferences(plant: Plant): PlantDifference[] {
  const template = plant.byTemplate();
  const prefix = `${plant.name}/`;
  const short = (name: string): string => (name.startsWith(prefix) ? name.slice(prefix.length) : name);
  const systems = pairs(template.systems, plant.systems, nameOf);
  // An own system that is added or left out is told once, not again as a source of each flow.
  const once = new Set(systems.filter(({ one, other }) => one === undefined || other === undefined).map(nameOf));
  const fromOf = ({ options }: AnyFlow) => options.from?.filter((source) => !once.has(source)).map(short);
  return [
    ...plant.parameters.flatMap(parameterDifference),
    ...systems.flatMap(({ name, one, other }) =>
      one === undefined || other === undefined
        ? [presence("system", short(name), one)]
        : systemDifferences(short(name), one, other),
    ),
    ...pairs(template.flows, plant.flows, nameOf).flatMap(({ name, one, other }) =>
      one === undefined || other === undefined
        ? [presence("flow", short(name), one)]
        : [
            ...valueDifference("from", short(name), fromOf(one), fromOf(other)),
            ...flowDifferences(short(name), one, other, short),
          ],
    ),
  ];
}

function parameterDifference(parameter: Plant["parameters"][number]): PlantDifference[] {
  const { name, plant } = parameter;
  if (!("template" in parameter)) return [{ what: "parameter", name, change: "given", plant }];
  return valueDifference("parameter", name, parameter.template, plant);
}

function systemDifferences(name: string, one: SystemDefinition, other: SystemDefinition): PlantDifference[] {
  return [
    ...valueDifference("system", name, one.connector, other.connector),
    ...fieldDifferences("limit", name, one.limits, other.limits),
  ];
}

function flowDifferences(
  name: string,
  one: AnyFlow,
  other: AnyFlow,
  short: (name: string) => string,
): PlantDifference[] {
  const wayOf = ({ operation }: RouteDefinition) => `${name} to ${short(operation.system.name)}.${operation.name}`;
  return [
    ...valueDifference("flow", name, one.contract.id, other.contract.id),
    ...valueDifference("owner", name, one.options.owner, other.options.owner),
    ...functionDifference("check", name, checkOf(one), checkOf(other)),
    ...pairs(one.routes, other.routes, wayOf).flatMap(({ name: way, one: before, other: now }) =>
      before === undefined || now === undefined ? [presence("way", way, before)] : wayDifferences(way, before, now),
    ),
  ];
}

function wayDifferences(way: string, one: RouteDefinition, other: RouteDefinition): PlantDifference[] {
  return [
    ...functionDifference("mapping", way, one.map, other.map),
    ...functionDifference("condition", way, one.when, other.when),
    ...fieldDifferences("policy", way, one.policy, other.policy),
  ];
}

function presence(what: PlantDifference["what"], name: string, inTemplate: unknown): PlantDifference {
  return { what, name, change: inTemplate === undefined ? "added" : "left out" };
}

function valueDifference(
  what: PlantDifference["what"],
  name: string,
  template: unknown,
  plant: unknown,
): PlantDifference[] {
  return textOf(template) === textOf(plant) ? [] : [{ what, name, change: "changed", template, plant }];
}

function fieldDifferences(
  what: PlantDifference["what"],
  name: string,
  template: object | undefined = {},
  plant: object | undefined = {},
): PlantDifference[] {
  const [one, other] = [new Map(Object.entries(template)), new Map(Object.entries(plant))];
  return [...new Set([...one.keys(), ...other.keys()])].flatMap((field) =>
    valueDifference(what, `${name} ${field}`, one.get(field), other.get(field)),
  );
}

type AnyFunction = ((...args: never[]) => unknown) & { readonly expression?: unknown };

/** To be compared, never to be called. */
function checkOf({ options }: AnyFlow): AnyFunction | undefined {
  return (options as { check?: AnyFunction }).check;
}

/** The same function, or one that reads the same: what it closes over are the parameters, which are told by themselves. */
function functionDifference(
  what: PlantDifference["what"],
  name: string,
  template: AnyFunction | undefined,
  plant: AnyFunction | undefined,
): PlantDifference[] {
  if (template === plant) return [];
  if (template === undefined || plant === undefined) return [presence(what, name, template)];
  const same = template.toString() === plant.toString() && template.expression === plant.expression;
  return same ? [] : [{ what, name, change: "another" }];
}

/** To compare with: a secret by its reference, a function by its text. */
function textOf(value: unknown): string {
  if (typeof value === "function") return String(value);
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (inner instanceof Secret) return inner.reference;
    return typeof inner === "function" ? String(inner) : inner;
  });
}

const nameOf = ({ name }: { name: string }): string => name;

/** What stands under the same name on both sides, in the order of the first, then what only the second has. */
function pairs<T>(first: readonly T[], second: readonly T[], named: (it: T) => string) {
  const [one, other] = [first, second].map((list) => new Map(list.map((it) => [named(it), it])));
  return [...new Set([...(one?.keys() ?? []), ...(other?.keys() ?? [])])].map((name) => ({
    name,
    one: one?.get(name),
    other: other?.get(name),
  }));
}
