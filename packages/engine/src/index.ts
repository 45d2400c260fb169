export { Flow, flow } from "./flow.ts";
export type { AnyFlow, FlowOptions, Mapping, MappingContext, RouteDefinition, RouteOptions } from "./flow.ts";
export { PRIORITIES, POISON_CRASHES, backoffMs, policyDefaults } from "./policy.ts";
export type { Policy, Priority } from "./policy.ts";
export { defineHub, hubProblems } from "./hub-definition.ts";
export type { HubDefinition, HubLimits, LedgerDefinition } from "./hub-definition.ts";
export type { FlowStatus, HubStatus, IntakeStatus, SourceStatus, SystemStatus } from "./status.ts";
