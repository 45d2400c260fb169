import type { SystemDefinition } from "@lineshaft/core";

/**
 * By whose facts a plant knows an object: those of its own systems, and of systems that belong to no single plant. Two
 * plants may well call different orders the same.
 */
export class PlantScopes {
  /** By system; undefined for one of no plant. One list for each plant, so that it can be a key. */
  readonly #sources = new Map<string, readonly string[] | undefined>();

  constructor(systems: readonly Pick<SystemDefinition, "name" | "plant">[]) {
    const byPlant = Map.groupBy(systems, ({ plant }) => plant ?? null);
    const shared = (byPlant.get(null) ?? []).map(({ name }) => name);
    for (const [plant, own] of byPlant) {
      if (plant === null) continue;
      const sources = [...own.map(({ name }) => name), ...shared];
      for (const { name } of own) this.#sources.set(name, sources);
    }
  }

  /** The sources that count for a system's facts; undefined: all. */
  of(system: string): readonly string[] | undefined {
    return this.#sources.get(system);
  }
}
