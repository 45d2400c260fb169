import { type Contract, type Finding, LineshaftError, type SystemDefinition, showValue } from "@lineshaft/core";
import type { Static, TSchema } from "typebox";
import { Compile } from "typebox/compile";
import { CONFIGURATION_BYTES } from "./limits.ts";
import type { GatewayLimits } from "./limits.ts";

/** What a gateway runs by its configuration. */
export interface Configured {
  /** Whose sources bring facts in. */
  systems: readonly SystemDefinition[];
  /** Contracts whose facts may be shed when the buffer is full, oldest first. */
  telemetry?: readonly string[];
  /** Where given, what breaks one of these is told to its source at once. */
  contracts?: readonly Contract[];
  limits?: Partial<GatewayLimits>;
}

/** A configuration as a hub's project declares it for one gateway. */
export interface DeclaredConfiguration {
  /** Of its type, `press-line.v1`. */
  type: string;
  /** Plain JSON. */
  data: unknown;
  check(): Finding[];
}

/** What a gateway's program makes of its configuration. */
export interface ConfigurationReader {
  type: string;
  check(data: unknown): Finding[];
  build(data: unknown): Configured;
}

/**
 * The shape of what a gateway is told by its hub: addresses, nodes, topics, equipment, thresholds. Both import it: the hub's
 * project gives values, the gateway's program makes sources of them. Secrets are named by reference (`env:PLC_KEY`), never told.
 */
export interface ConfigurationType<T> {
  id: string;
  /** Values for one gateway; for `configuration` of a gateway intake. */
  of(data: T): DeclaredConfiguration;
  /** For `configured` of a gateway. `build` may be called again with the same values. */
  runs(build: (data: T) => Configured): ConfigurationReader;
}

/** Most findings told about one configuration. */
const FINDINGS = 20;

/**
 * ```ts
 * export const pressLine = configurationType("press-line.v1", Type.Object({ endpoint: Type.String() }));
 * ```
 * @throws LineshaftError `config-invalid` for an id that cannot be used
 */
export function configurationType<S extends TSchema>(id: string, schema: S): ConfigurationType<Static<S>> {
  if (!/^[a-z][\w.-]{0,63}$/.test(id))
    throw new LineshaftError("config-invalid", `A type of configuration cannot be called ${id}.`, {
      next: "Use letters, digits, `.`, `_` and `-`, and a version: press-line.v1.",
    });
  const fits = Compile(schema as TSchema);
  const check = (data: unknown): Finding[] =>
    fits.Check(data)
      ? secretsIn(data)
      : fits
          .Errors(data)
          .slice(0, FINDINGS)
          .map((error) => finding(error, data));
  return {
    id,
    of: (data) => ({ type: id, data, check: () => check(data) }),
    runs: (build) => ({ type: id, check, build: (data) => build(data as Static<S>) }),
  };
}

/** Findings as one sentence. */
export function findingsText(findings: readonly Finding[]): string {
  return findings.map(({ field, fix }) => `${field === "" ? "" : `${field}: `}${fix}`).join(" ");
}

/** The text that is signed and sent. @throws LineshaftError `config-invalid` */
export function configurationText(value: object): string {
  const text = JSON.stringify(value);
  if (Buffer.byteLength(text) > CONFIGURATION_BYTES)
    throw new LineshaftError("config-invalid", `A configuration has more than ${CONFIGURATION_BYTES} bytes.`, {
      next: "Leave out what the gateway's program knows by itself.",
    });
  return text;
}

function finding(
  { keyword, instancePath, message }: { keyword: string; instancePath: string; message: string },
  data: unknown,
): Finding {
  const value = showValue(valueAt(data, instancePath));
  return {
    field: instancePath,
    rule: `schema.${keyword}`,
    value,
    fix: `Correct ${value}: it ${message}.`,
  };
}

/** Names of fields that hold secrets in the settings of connectors. */
const SECRET_NAMES = /^(?:.*[-_.])?(?:password|passwd|pwd|passphrase|secret|token|api-?key|private-?key)$/i;

/** A configuration is kept and shown in plain text, so what is named like a secret may only be a reference. */
function secretsIn(data: unknown, field = ""): Finding[] {
  if (typeof data !== "object" || data === null) return [];
  return Object.entries(data).flatMap(([name, value]: [string, unknown]) => {
    const at = `${field}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
    const dashed = name.replaceAll(/([a-z0-9])([A-Z])/g, "$1-$2");
    if (typeof value !== "string" || !SECRET_NAMES.test(dashed) || /^(?:env|file):./.test(value))
      return secretsIn(value, at);
    const fix = "Name where the gateway finds the secret: env:NAME or file:/path.";
    return [{ field: at, rule: "configuration.secret", fix }];
  });
}

function valueAt(value: unknown, pointer: string): unknown {
  let at = value;
  for (const part of pointer.split("/").slice(1)) {
    const name = part.replaceAll("~1", "/").replaceAll("~0", "~");
    at = typeof at === "object" && at !== null ? (at as Record<string, unknown>)[name] : undefined;
  }
  return at;
}
