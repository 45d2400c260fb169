import type { HandMetric } from "./hand-payload.ts";
import { number, payload, text, value } from "./hand-payload.ts";

/** Makes the messages of one edge node, counting their sequence as it has to; only what a test gives is different. */
export class Edge {
  readonly group: string;
  readonly node: string;
  seq = 0;
  bdSeq = 0;
  time: number;

  constructor({ group = "Plant", node = "press", time = Date.UTC(2026, 0, 5, 5, 59) } = {}) {
    this.group = group;
    this.node = node;
    this.time = time;
  }

  nbirth(metrics: readonly HandMetric[] = [], seq = 0): Message {
    this.seq = seq;
    return this.#message("NBIRTH", undefined, [
      { name: "bdSeq", datatype: 4, value: value.long(this.bdSeq) },
      { name: "Node Control/Rebirth", datatype: 11, value: value.boolean(false) },
      ...metrics,
    ]);
  }

  dbirth(device: string, metrics: readonly HandMetric[]): Message {
    return this.#message("DBIRTH", device, metrics);
  }

  ndata(metrics: readonly HandMetric[]): Message {
    return this.#message("NDATA", undefined, metrics);
  }

  ddata(device: string, metrics: readonly HandMetric[]): Message {
    return this.#message("DDATA", device, metrics);
  }

  ddeath(device: string): Message {
    return this.#message("DDEATH", device, []);
  }

  ndeath(bdSeq: number | undefined = this.bdSeq): Message {
    const metrics = bdSeq === undefined ? [] : [{ name: "bdSeq", datatype: 4, value: value.long(bdSeq) }];
    return { topic: `spBv1.0/${this.group}/NDEATH/${this.node}`, payload: payload({ timestamp: this.time, metrics }) };
  }

  #message(kind: string, device: string | undefined, metrics: readonly HandMetric[]): Message {
    const { seq, time } = this;
    this.seq = (seq + 1) % 256;
    const topic = ["spBv1.0", this.group, kind, this.node, ...(device === undefined ? [] : [device])].join("/");
    const stamped = metrics.map((metric) => ({ timestamp: time, ...metric }));
    return { topic, payload: payload({ timestamp: time, seq, metrics: stamped }) };
  }
}

export interface Message {
  topic: string;
  payload: Buffer;
}

/** Int32 in a BIRTH: name, alias and type. */
export const born = (name: string, count: number, alias?: number): HandMetric => ({
  name,
  datatype: 3,
  value: value.int(count),
  ...(alias !== undefined && { alias }),
});

/** Int32 in a DATA message, by alias (a number) or by name; without a type, as the specification wants it. */
export const changed = (which: string | number, count: number): HandMetric => ({
  ...(typeof which === "number" ? { alias: which } : { name: which }),
  value: value.int(count),
});

/** What a rebirth request has to be, byte by byte: name, time, type Boolean, value true; no sequence number. */
export function rebirthBytes(time: number): Buffer {
  const metric = [...text(1, "Node Control/Rebirth"), ...number(3, time), ...number(4, 11), ...number(14, true)];
  return Buffer.from([...number(1, time), 0x12, metric.length, ...metric]);
}
