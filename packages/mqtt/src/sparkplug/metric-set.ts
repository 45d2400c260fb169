import type { TagChange, TagValue } from "@lineshaft/core";
import { DataType } from "./data-types.ts";
import { ValueError, metricValue, qualityOf, shapeOf, withUnchangedMembers } from "./metric-value.ts";
import type { Definitions, Shape } from "./metric-value.ts";
import type { Metric, Payload } from "./payload.ts";

/** One metric that BIRTH named. */
export interface Tag {
  /** `group/edgeNode[/device]/metric`. */
  readonly name: string;
  readonly shape: Shape;
  /** The newest value that was not historical. */
  last: TagValue;
}

export interface Receipt {
  payload: Payload;
  receivedTime: number;
}

/** The metrics of an edge node itself or of one of its devices, as its last BIRTH named them. */
export class MetricSet {
  /** `awaiting`: the edge node was born again and has yet to say whether the device is still there. */
  state: "online" | "awaiting" | "offline" = "offline";
  /** Since when values may be missing, ms since 1970. */
  lostSince: number | undefined;

  readonly prefix: string;
  #tags = new Map<string, Tag>();
  /** `null`: two metrics have this alias. */
  #aliases = new Map<number | bigint, Tag | null>();

  constructor(prefix: string) {
    this.prefix = prefix;
  }

  get tags(): Tag[] {
    return [...this.#tags.values()];
  }

  /**
   * Takes what BIRTH names in place of what was known before.
   * @param mayHave whether a tag's name is free
   * @returns tags that are gone, and aliases that stand for two metrics
   */
  begin(metrics: readonly Metric[], definitions: Definitions, mayHave: (tag: string) => boolean): Begun {
    const before = this.#tags;
    const tags = new Map<string, Tag>();
    const aliases = new Map<number | bigint, Tag | null>();
    const twice: (number | bigint)[] = [];
    for (const metric of metrics) {
      if (metric.name === undefined || isControl(metric)) continue;
      const name = `${this.prefix}/${metric.name}`;
      if (!mayHave(name)) continue;
      const known = tags.get(metric.name);
      const tag = known ?? { name, shape: shapeOf(metric, definitions), last: before.get(metric.name)?.last ?? null };
      tags.set(metric.name, tag);
      if (metric.alias === undefined) continue;
      const other = aliases.get(metric.alias);
      if (other !== undefined && other !== tag) twice.push(metric.alias);
      aliases.set(metric.alias, other === undefined || other === tag ? tag : null);
    }
    this.#tags = tags;
    this.#aliases = aliases;
    return { gone: [...before].filter(([name]) => !tags.has(name)).map(([, tag]) => tag), twice };
  }

  /** Aliases hold for one birth of the edge node. */
  forgetAliases(): void {
    this.#aliases.clear();
  }

  /** @returns undefined when BIRTH did not name it, null when its alias stands for two */
  find({ name, alias }: Metric): Tag | null | undefined {
    if (name !== undefined) return this.#tags.get(name);
    return alias === undefined ? undefined : this.#aliases.get(alias);
  }
}

export interface Begun {
  gone: Tag[];
  twice: (number | bigint)[];
}

/** What an edge node says of itself to hosts is no value of the plant. */
export function isControl({ name = "", value }: Metric): boolean {
  const definition = value?.kind === "template" && value.value.isDefinition;
  return name === "bdSeq" || name.startsWith("Node Control/") || definition;
}

/** A metric's change; `tag.last` moves along unless the value is historical. */
export function changeOf(tag: Tag, metric: Metric, { payload, receivedTime }: Receipt): TagChange {
  const change: TagChange = {
    tag: tag.name,
    value: null,
    quality: qualityOf(metric.properties),
    sourceTime: metric.timestamp ?? payload.timestamp ?? receivedTime,
    receivedTime,
  };
  try {
    change.value = metricValue(metric, shapeFor(tag.shape, metric.datatype));
    doubt(change, tag, metric);
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    change.quality = "bad";
    change.said = error.message;
  }
  if (metric.historical) change.historical = true;
  else tag.last = change.value = withUnchangedMembers(change.value, tag.last);
  return change;
}

/** Every DATA metric may name its type again; then that one holds. */
function shapeFor(shape: Shape, datatype: number | undefined): Shape {
  return datatype === undefined || datatype === shape.datatype ? shape : { ...shape, datatype };
}

/** Notes why a value that could be read is still not to be relied on. */
function doubt(change: TagChange, tag: Tag, metric: Metric): void {
  if (metric.metadata?.isMultiPart === true) {
    change.quality = "uncertain";
    change.said = `It is part ${metric.metadata.seq ?? "?"} of a value that comes in several.`;
    return;
  }
  const { datatype = tag.shape.datatype, value } = metric;
  const typeless = datatype === undefined || datatype === DataType.Unknown;
  if (!typeless || (value?.kind !== "int" && value?.kind !== "long")) return;
  change.quality = "uncertain";
  change.said = "BIRTH named no datatype: nobody knows whether the number has a sign.";
}
