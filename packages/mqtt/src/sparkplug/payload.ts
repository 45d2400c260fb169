import { PayloadError, Wire } from "./wire.ts";

/*
 * The messages of Sparkplug 3.0 §6.4 (payload definition), read by field number. Values stay as they were on the wire,
 * because a DATA message leaves out the datatype: `metric-value.ts` makes tag values of them with the one from BIRTH.
 */

export interface Payload {
  /** ms since 1970. */
  timestamp: number | undefined;
  /** As sent; 0 to 255 is for whoever counts to check. */
  seq: number | bigint | undefined;
  metrics: Metric[];
}

/** A value as the wire has it. An `int` has 32 bits and a `long` 64, both without a sign. */
export type RawValue =
  | { kind: "int"; value: number }
  | { kind: "long"; low: number; high: number }
  | { kind: "float"; value: number }
  | { kind: "boolean"; value: boolean }
  | { kind: "string"; value: string }
  | { kind: "bytes"; value: Buffer }
  | { kind: "dataSet"; value: DataSet }
  | { kind: "template"; value: Template }
  | { kind: "properties"; value: PropertySet }
  | { kind: "propertySets"; value: PropertySet[] };

export interface Metric {
  name: string | undefined;
  alias: number | bigint | undefined;
  timestamp: number | undefined;
  datatype: number | undefined;
  historical: boolean;
  transient: boolean;
  isNull: boolean;
  metadata: MetaData | undefined;
  properties: PropertySet | undefined;
  value: RawValue | undefined;
}

export interface MetaData {
  isMultiPart: boolean;
  contentType?: string;
  size?: number | bigint;
  seq?: number | bigint;
  fileName?: string;
  fileType?: string;
  md5?: string;
  description?: string;
}

export interface DataSet {
  columnCount: number | bigint | undefined;
  columns: string[];
  types: number[];
  rows: (RawValue | undefined)[][];
}

export interface Template {
  version: string | undefined;
  ref: string | undefined;
  isDefinition: boolean;
  metrics: Metric[];
  parameters: Parameter[];
}

export interface Parameter {
  name: string | undefined;
  type: number | undefined;
  value: RawValue | undefined;
}

export type PropertySet = ReadonlyMap<string, Property>;

export interface Property {
  type: number | undefined;
  isNull: boolean;
  value: RawValue | undefined;
}

export interface DecodeLimits {
  /** Longest payload, in bytes. */
  payloadBytes: number;
  /** Metrics in one payload, members of templates included. */
  metrics: number;
  /** Cells of all data sets of one payload, and their columns. */
  cells: number;
  /** Templates in templates, property sets in property sets. */
  nesting: number;
  /** Longest name or text, in bytes. */
  stringBytes: number;
}

/** @throws PayloadError that says what is wrong and where */
export function decodePayload(bytes: Buffer, limits: DecodeLimits): Payload {
  if (bytes.length > limits.payloadBytes)
    throw new PayloadError(`The payload has ${bytes.length} bytes, and the limit is ${limits.payloadBytes}.`);
  return new PayloadReader(bytes, limits).read();
}

class PayloadReader {
  readonly #wire: Wire;
  readonly #limits: DecodeLimits;
  #metrics = 0;
  #cells = 0;
  #depth = 0;

  constructor(bytes: Buffer, limits: DecodeLimits) {
    this.#wire = new Wire(bytes, limits.stringBytes);
    this.#limits = limits;
  }

  read(): Payload {
    const wire = this.#wire;
    const payload: Payload = { timestamp: undefined, seq: undefined, metrics: [] };
    while (wire.more) {
      const tag = wire.tag();
      if (tag === 0x12) {
        wire.metric++;
        payload.metrics.push(this.#metric());
      } else if (tag === 0x08) payload.timestamp = wire.time();
      else if (tag === 0x18) payload.seq = wire.uint64();
      else wire.skip(tag);
    }
    return payload;
  }

  #metric(): Metric {
    const wire = this.#wire;
    if (++this.#metrics > this.#limits.metrics) wire.fail(`more than ${this.#limits.metrics} metrics`);
    const outer = wire.enter();
    const metric: Metric = {
      name: undefined,
      alias: undefined,
      timestamp: undefined,
      datatype: undefined,
      historical: false,
      transient: false,
      isNull: false,
      metadata: undefined,
      properties: undefined,
      value: undefined,
    };
    while (wire.more) this.#metricField(metric, wire.tag());
    wire.leave(outer);
    return metric;
  }

  /** A tag is `field number << 3 | wire type`; a known number of another wire type is an unknown field. */
  #metricField(metric: Metric, tag: number): void {
    const wire = this.#wire;
    switch (tag) {
      case 0x0a:
        metric.name = wire.string();
        return;
      case 0x10:
        metric.alias = wire.uint64();
        return;
      case 0x18:
        metric.timestamp = wire.time();
        return;
      case 0x20:
        metric.datatype = wire.uint32();
        return;
      case 0x28:
        metric.historical = wire.bool();
        return;
      case 0x30:
        metric.transient = wire.bool();
        return;
      case 0x38:
        metric.isNull = wire.bool();
        return;
      case 0x42:
        metric.metadata = this.#metaData();
        return;
      case 0x4a:
        metric.properties = this.#nested(() => this.#propertySet());
        return;
      case 0x82:
        metric.value = { kind: "bytes", value: wire.delimited() };
        return;
      case 0x8a:
        metric.value = { kind: "dataSet", value: this.#dataSet() };
        return;
      case 0x92:
        metric.value = { kind: "template", value: this.#nested(() => this.#template()) };
        return;
      default:
        metric.value = this.#scalar(tag, 10) ?? metric.value;
    }
  }

  /**
   * The six values that metrics, cells, parameters and properties share, which stand in the same order everywhere:
   * int, long, float, double, boolean, string. Skips what is none of them.
   */
  #scalar(tag: number, first: number): RawValue | undefined {
    const wire = this.#wire;
    switch (tag - (first << 3)) {
      case 0x00:
        return { kind: "int", value: wire.uint32() };
      case 0x08:
        wire.varint();
        return { kind: "long", low: wire.low, high: wire.high };
      case 0x15:
        return { kind: "float", value: wire.float() };
      case 0x19:
        return { kind: "float", value: wire.double() };
      case 0x20:
        return { kind: "boolean", value: wire.bool() };
      case 0x2a:
        return { kind: "string", value: wire.string() };
      default:
        wire.skip(tag);
        return undefined;
    }
  }

  #metaData(): MetaData {
    const wire = this.#wire;
    const outer = wire.enter();
    const data: MetaData = { isMultiPart: false };
    while (wire.more) {
      const tag = wire.tag();
      if (tag === 0x08) data.isMultiPart = wire.bool();
      else if (tag === 0x12) data.contentType = wire.string();
      else if (tag === 0x18) data.size = wire.uint64();
      else if (tag === 0x20) data.seq = wire.uint64();
      else if (tag === 0x2a) data.fileName = wire.string();
      else if (tag === 0x32) data.fileType = wire.string();
      else if (tag === 0x3a) data.md5 = wire.string();
      else if (tag === 0x42) data.description = wire.string();
      else wire.skip(tag);
    }
    wire.leave(outer);
    return data;
  }

  #dataSet(): DataSet {
    const wire = this.#wire;
    const outer = wire.enter();
    const set: DataSet = { columnCount: undefined, columns: [], types: [], rows: [] };
    while (wire.more) {
      const tag = wire.tag();
      if (tag === 0x08) set.columnCount = wire.uint64();
      else if (tag === 0x12) set.columns.push(this.#cell(wire.string()));
      else if (tag === 0x18) set.types.push(this.#cell(wire.uint32()));
      else if (tag === 0x1a) this.#packedTypes(set.types);
      else if (tag === 0x22) set.rows.push(this.#cell(this.#row()));
      else wire.skip(tag);
    }
    wire.leave(outer);
    return set;
  }

  /** Senders may pack repeated numbers, and readers have to take both forms. */
  #packedTypes(types: number[]): void {
    const outer = this.#wire.enter();
    while (this.#wire.more) types.push(this.#cell(this.#wire.uint32()));
    this.#wire.leave(outer);
  }

  #row(): (RawValue | undefined)[] {
    const wire = this.#wire;
    const outer = wire.enter();
    const elements: (RawValue | undefined)[] = [];
    while (wire.more) {
      const tag = wire.tag();
      if (tag === 0x0a) elements.push(this.#cell(this.#element()));
      else wire.skip(tag);
    }
    wire.leave(outer);
    return elements;
  }

  #element(): RawValue | undefined {
    const wire = this.#wire;
    const outer = wire.enter();
    let value: RawValue | undefined;
    while (wire.more) value = this.#scalar(wire.tag(), 1) ?? value;
    wire.leave(outer);
    return value;
  }

  #template(): Template {
    const wire = this.#wire;
    const outer = wire.enter();
    const template: Template = {
      version: undefined,
      ref: undefined,
      isDefinition: false,
      metrics: [],
      parameters: [],
    };
    while (wire.more) {
      const tag = wire.tag();
      if (tag === 0x0a) template.version = wire.string();
      else if (tag === 0x12) template.metrics.push(this.#metric());
      else if (tag === 0x1a) template.parameters.push(this.#cell(this.#parameter()));
      else if (tag === 0x22) template.ref = wire.string();
      else if (tag === 0x28) template.isDefinition = wire.bool();
      else wire.skip(tag);
    }
    wire.leave(outer);
    return template;
  }

  #parameter(): Parameter {
    const wire = this.#wire;
    const outer = wire.enter();
    const parameter: Parameter = { name: undefined, type: undefined, value: undefined };
    while (wire.more) {
      const tag = wire.tag();
      if (tag === 0x0a) parameter.name = wire.string();
      else if (tag === 0x10) parameter.type = wire.uint32();
      else parameter.value = this.#scalar(tag, 3) ?? parameter.value;
    }
    wire.leave(outer);
    return parameter;
  }

  #propertySet(): PropertySet {
    const wire = this.#wire;
    const outer = wire.enter();
    const keys: string[] = [];
    const values: Property[] = [];
    while (wire.more) {
      const tag = wire.tag();
      if (tag === 0x0a) keys.push(this.#cell(wire.string()));
      else if (tag === 0x12) values.push(this.#cell(this.#property()));
      else wire.skip(tag);
    }
    if (keys.length !== values.length) wire.fail(`a property set of ${keys.length} keys and ${values.length} values`);
    wire.leave(outer);
    return new Map(keys.map((key, at) => [key, values[at] as Property]));
  }

  #property(): Property {
    const wire = this.#wire;
    const outer = wire.enter();
    const property: Property = { type: undefined, isNull: false, value: undefined };
    while (wire.more) {
      const tag = wire.tag();
      if (tag === 0x08) property.type = wire.uint32();
      else if (tag === 0x10) property.isNull = wire.bool();
      else if (tag === 0x4a) property.value = { kind: "properties", value: this.#nested(() => this.#propertySet()) };
      else if (tag === 0x52) property.value = { kind: "propertySets", value: this.#nested(() => this.#propertySets()) };
      else property.value = this.#scalar(tag, 3) ?? property.value;
    }
    wire.leave(outer);
    return property;
  }

  #propertySets(): PropertySet[] {
    const wire = this.#wire;
    const outer = wire.enter();
    const sets: PropertySet[] = [];
    while (wire.more) {
      const tag = wire.tag();
      if (tag === 0x0a) sets.push(this.#cell(this.#propertySet()));
      else wire.skip(tag);
    }
    wire.leave(outer);
    return sets;
  }

  #cell<T>(value: T): T {
    if (++this.#cells > this.#limits.cells) this.#wire.fail(`more than ${this.#limits.cells} cells and properties`);
    return value;
  }

  #nested<T>(read: () => T): T {
    if (++this.#depth > this.#limits.nesting) this.#wire.fail(`more than ${this.#limits.nesting} levels`);
    const value = read();
    this.#depth--;
    return value;
  }
}
