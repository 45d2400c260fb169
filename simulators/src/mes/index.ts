export { mesDay, mesOrders } from "./day.ts";
export type { MesDay, MesDayOptions, MesKind, MesMessage } from "./day.ts";
export type { Disturbance as MesDisturbance } from "./disturb.ts";
export { smallPlant as mesPlant } from "./plant.ts";
export type { MesOrder, MesPlant, MesProduct } from "./plant.ts";
export { startMesSimulator } from "./simulator.ts";
export type { MesSimulator, MesSimulatorOptions } from "./simulator.ts";
export { expectedTruth } from "./truth.ts";
export type { OrderTruth } from "./truth.ts";
