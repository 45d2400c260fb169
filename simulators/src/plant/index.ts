export { pressLineMachines, startPressLine } from "./press-line.ts";
export type { MachineView, PressLine, PressLineMachine, PressLineMemory, PressLineOptions } from "./press-line.ts";
