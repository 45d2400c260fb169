import type { Fact } from "@lineshaft/core";

/** What a raw store writes for a fact; made before the clock runs. */
export interface RawMessage {
  sourceId: string;
  key: string;
  received: string;
  /** The request kept with each attempt. */
  request: string;
}

export function rawMessages(facts: readonly Fact[], map: (payload: never) => unknown): RawMessage[] {
  return facts.map(({ raw }) => {
    const received = Buffer.from(raw).toString();
    const payload = JSON.parse(received) as { id: string; productionOrder: string };
    const request = JSON.stringify(map(payload as never));
    return { sourceId: payload.id, key: payload.productionOrder, received, request };
  });
}
