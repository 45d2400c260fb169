import type { GatewayRow } from "../src/fleet.ts";

export function summary(rows: readonly GatewayRow[]): string;
export function gatewaySentence(
  row: GatewayRow,
  now: number,
): { tone: "good" | "warn" | "bad" | "idle"; text: string; next: string; hints: string[] };
export function figures(row: GatewayRow, now: number): [name: string, value: string][];
