import type { Item, Operation, Outcome, Repeat, SystemDefinition, SystemLimits } from "@lineshaft/core";
import type { Completion } from "@lineshaft/model";

/** What the benches' mapping makes of a completion: about what an order system wants to know. */
export interface Reported {
  order: string;
  operation: string;
  yield: string;
  unit: string;
  scrap: string;
  reason: string;
  lot: string;
  finishedAt: string;
}

export interface Sink {
  definition: SystemDefinition;
  apply: Operation<Reported>;
}

export interface SinkOptions {
  name: string;
  maxBatch: number;
  limits?: SystemLimits;
  /** Default: the other side recognises a second one. */
  repeat?: Repeat<Reported>;
  send: (items: Item<Reported>[]) => Promise<Outcome[]>;
  close?: () => Promise<void>;
}

/** A system that takes completions and remembers nothing: what a bench sends to. */
export function sinkSystem({ name, maxBatch, limits, repeat, send, close }: SinkOptions): Sink {
  const definition: SystemDefinition = {
    name,
    connector: "sink",
    ...(limits === undefined ? {} : { limits }),
    open: () =>
      Promise.resolve({
        targets: { apply: { repeat: repeat ?? { kind: "repeatable" }, maxBatch, send } },
        sources: {},
        check: () => Promise.resolve({ ok: true as const }),
        close: close ?? (() => Promise.resolve()),
      }),
  };
  return { definition, apply: { system: definition, name: "apply", schema: {}, check: () => [] } };
}

/** Answers at once, in this process. */
export function memorySink(name: string, gate: () => Promise<void> | undefined = () => undefined): Sink {
  const send = async (items: Item<Reported>[]): Promise<Outcome[]> => {
    await gate();
    return items.map(({ token }) => ({ kind: "done", receipt: `r-${token}` }));
  };
  return sinkSystem({ name, maxBatch: MEMORY_BATCH, send });
}

/** Items per call to an in-process target. */
export const MEMORY_BATCH = 100;

export function toReported({ productionOrder, operation, yield: good, scrap, lots, end, time }: Completion): Reported {
  return {
    order: productionOrder,
    operation: operation ?? "",
    yield: good.value,
    unit: good.unit,
    scrap: scrap?.[0]?.quantity.value ?? "0",
    reason: scrap?.[0]?.reason ?? "",
    lot: lots?.[0]?.lot ?? "",
    finishedAt: end ?? time,
  };
}
