import type { BufferedFact } from "./buffer.ts";

/** Facts that are missing for good, as a gateway tells it. */
export interface Gap {
  /** Unique for this gateway. */
  id: string;
  at: number;
  from: number;
  to: number;
  description: string;
}

/** The contract of what tells of missing facts. */
export const GAP_CONTRACT = "equipment-event.v1";

/** Told as what the plant already knows for missing values, an equipment event of kind gap. It is never shed itself. */
export function gapFact(gateway: string, gap: Gap): Omit<BufferedFact, "seq"> {
  return { telemetry: false, receivedTime: gap.at, contract: GAP_CONTRACT, raw: gapText(gateway, gap) };
}

export function gapText(gateway: string, { id, at, from, to, description }: Gap): string {
  // A clock that was set back in between must not make a span that ends before it begins.
  const [start, end] = [Math.min(from, to, at), Math.min(Math.max(from, to), at)];
  return JSON.stringify({
    id: `${gateway}.gap.${id}`,
    time: iso(at),
    kind: "gap",
    equipment: gateway,
    start: iso(start),
    end: iso(Math.max(start, end)),
    filled: false,
    description,
  });
}

export function iso(time: number): string {
  return new Date(time).toISOString();
}
