import type { Fact } from "@lineshaft/core";

/** An alarm of one of forty machines, as large as such a fact is. */
export function gatewayFact(n: number, now: number): Fact {
  const equipment = `PRESS-${String((n % 40) + 1).padStart(2, "0")}`;
  return {
    contract: "equipment-event.v1",
    raw: JSON.stringify({
      id: `${equipment}.${n}`,
      time: new Date(now).toISOString(),
      kind: "alarm",
      equipment,
      alarm: `A-${1_000 + (n % 300)}`,
      active: n % 2 === 0,
      severity: "high",
      measured: String(80 + (n % 100) / 10),
      unit: "BAR",
    }),
  };
}

/** The number that it was made with. */
export function numberOf(sourceId: string): number {
  return Number(sourceId.slice(sourceId.lastIndexOf(".") + 1));
}
