import type { BufferedFact } from "./buffered-fact.ts";

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

/** Longest that a gateway keeps facts; a gap that is older comes from a clock that was never set, in ms. */
const OLDEST_GAP_MS = 365 * 86_400_000;

/** A gap in the hub's time, where the gateway's clock is this far ahead: otherwise the hub would refuse what it says is yet to come. */
export function gapInHubTime(gap: unknown, { now, aheadMs }: { now: number; aheadMs: number }): unknown {
  const told = gap as Record<"time" | "start" | "end", string>;
  const corrected = (time: string) => {
    const at = Math.min(Date.parse(time) - aheadMs, now);
    return iso(at < now - OLDEST_GAP_MS ? now : at);
  };
  return { ...told, time: corrected(told.time), start: corrected(told.start), end: corrected(told.end) };
}

export function iso(time: number): string {
  return new Date(time).toISOString();
}
