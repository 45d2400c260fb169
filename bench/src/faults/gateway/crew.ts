import type { ConfigurationReader, Configured, DeclaredConfiguration } from "@lineshaft/gateway";

/** What the hub tells a plant of the campaign: under which name its line runs. */
interface Crew {
  line: string;
}

const TYPE = "crew.v1";
/** The name that no line can be opened under. */
export const BROKEN_LINE = "broken";

export function declareCrew(line: string): DeclaredConfiguration {
  return { type: TYPE, data: { line } satisfies Crew, check: () => [] };
}

export function readCrew(build: (line: string) => Configured): ConfigurationReader {
  return { type: TYPE, check: () => [], build: (data) => build((data as Crew).line) };
}
