import type { SystemDefinition, SystemLimits } from "@lineshaft/core";
import type { AnyFlow } from "./flow.ts";
import type { Policy } from "./policy.ts";

declare const given: unique symbol;

/** A parameter that each plant has to give. */
export interface RequiredParameter<T> {
  readonly required: true;
  /** Carries the type only; never set. */
  readonly [given]?: T;
}

/** Marks a parameter of a template that has no default: `url: required<string>()`. */
export function required<T>(): RequiredParameter<T> {
  return { required: true };
}

export type Parameters = Readonly<Record<string, unknown>>;
export type Systems = Readonly<Record<string, SystemDefinition>>;
export type Flows = Readonly<Record<string, AnyFlow>>;

/** The parameters as a template's functions see them: the plant's, and the template's defaults for the others. */
export type Given<P extends Parameters> = {
  readonly [K in keyof P]: P[K] extends RequiredParameter<infer T> ? T : P[K];
};

export interface SystemMaking<P extends Parameters> {
  /** What the system has to be called: `hamburg/odoo`. */
  readonly name: string;
  readonly plant: string;
  readonly parameters: Given<P>;
}

export interface FlowMaking<P extends Parameters, S> {
  readonly plant: string;
  readonly parameters: Given<P>;
  /** The plant's own systems, by their names in the template. */
  readonly systems: S;
}

/** What plants have in common. Its functions are called once per plant. */
export interface PlantTemplate<P extends Parameters, S extends Systems, F extends Flows> {
  /** Defaults, and `required<T>()` where each plant has to say. */
  readonly parameters: P;
  readonly systems: { readonly [K in keyof S]: (making: SystemMaking<P>) => S[K] };
  /** A flow is called `<plant>/<its key here>`, whatever name it was made with. Without `from` it takes facts of its own plant's systems only. */
  readonly flows: { readonly [K in keyof F]: (making: FlowMaking<P, S>) => F[K] };
}

/** How a plant differs from its template. */
export interface PlantOverrides<P extends Parameters, S extends Systems, F extends Flows, E extends Systems> {
  readonly parameters: PlantParameters<P>;
  readonly limits?: { readonly [K in keyof S]?: SystemLimits };
  /** Over what the flow and its ways say. */
  readonly policies?: { readonly [K in keyof F]?: Policy };
  /** Ways to a system that is left out are left out too, and so are flows that have no way left. */
  readonly without?: { readonly systems?: readonly (keyof S)[]; readonly flows?: readonly (keyof F)[] };
  /** Of the same type, so that everything else still fits. `template` is the flow as the template makes it for this plant. */
  readonly replace?: {
    readonly systems?: { readonly [K in keyof S]?: (making: SystemMaking<P>) => S[K] };
    readonly flows?: { readonly [K in keyof F]?: (making: FlowMaking<P, S> & { readonly template: F[K] }) => F[K] };
  };
  /** Write systems before flows: the compiler reads them in that order. */
  readonly add?: {
    readonly systems?: { readonly [K in keyof E]: (making: SystemMaking<P>) => E[K] };
    readonly flows?: Readonly<Record<string, (making: FlowMaking<P, S & E>) => AnyFlow>>;
  };
}

type RequiredKey<P> = { [K in keyof P]: P[K] extends RequiredParameter<unknown> ? K : never }[keyof P];

export type PlantParameters<P extends Parameters> = Pick<Given<P>, RequiredKey<P>> &
  Partial<Omit<Given<P>, RequiredKey<P>>>;

/**
 * Declares what plants have in common: parameters, and a function for each system and flow.
 *
 * ```ts
 * const assembly = plantTemplate({
 *   parameters: { odooUrl: required<string>(), odooKey: required<Secret>(), zone: "Europe/Berlin" },
 *   systems: {
 *     odoo: ({ name, parameters: { odooUrl: url, odooKey: key } }) => odoo({ name, url, key, database: "production", login: "hub" }),
 *   },
 *   flows: { completions: ({ systems }) => completionFlow({ odoo: { system: systems.odoo } }) },
 * });
 * ```
 */
export function plantTemplate<P extends Parameters, S extends Systems, F extends Flows>(
  template: PlantTemplate<P, S, F>,
): PlantTemplate<P, S, F> {
  return template;
}
