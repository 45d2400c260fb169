import type { FlowStatus, HubStatus, SourceStatus, SystemStatus } from "@lineshaft/engine";
import type { LiveStatus } from "../src/live-status.ts";
import type { PlantMachine, PlantView } from "../src/plant-view.ts";

type Tone = "good" | "warn" | "bad";
export function number(value: number): string;
export function counted(value: number, one: string, many?: string): string;
export function clockTime(ms: number, now: number): string;
export function duration(ms: number): string;
export function flowSpeed(flow: FlowStatus): string;
export function latency(ms: number): string;
export function headline(status: { hub: HubStatus; parked: LiveStatus["parked"] }): {
  tone: Tone;
  title: string;
  text: string;
};
export function systemSentence(system: SystemStatus, now: number): { tone: Tone; text: string; technical?: string };
export function workerSentence(worker: HubStatus["worker"]): string;
export function sourceSentence(source: SourceStatus, now: number): { text: string; technical?: string };
export function plantSentence(plant: PlantView, now: number): { tone: Tone; text: string };
export function machineWord(machine: Pick<PlantMachine, "state" | "reason">): string;
export function stateWord(state: string): { word: string; tone: string };
export function contractName(contract: string): string;
export function operationName(operation: string): string;
export function list(names: readonly string[]): string;
