export { Flow, flow } from "./flow.ts";
export type { AnyFlow, FlowOptions, Mapping, MappingContext, RouteDefinition, RouteOptions } from "./flow.ts";
export { testFlow } from "./flow-test.ts";
export type { TestFlowOptions, TestedDelivery } from "./flow-test.ts";
export { POISON_CRASHES, PRIORITIES, backoffMs, policyDefaults } from "./policy.ts";
export type { Policy, Priority } from "./policy.ts";
export { defineHub, hubProblems } from "./hub-definition.ts";
export type { HubDeclaration, HubDefinition, HubLimits, LedgerDefinition } from "./hub-definition.ts";
export { plantTemplate, required } from "./plant-template.ts";
export type {
  FlowMaking,
  PlantOverrides,
  PlantParameters,
  PlantTemplate,
  RequiredParameter,
  SystemMaking,
} from "./plant-template.ts";
export { plant } from "./plant.ts";
export type { Plant } from "./plant.ts";
export { plantDifferences } from "./plant-difference.ts";
export type { PlantDifference } from "./plant-difference.ts";
export { hubLimits, openHub } from "./hub.ts";
export type { Hub, HubOptions } from "./hub.ts";
export { confirm, drop, editAndResend, identify, moveCursor, resend } from "./people.ts";
export type { By } from "./people.ts";
export { SourceRunner } from "./source-runner.ts";
export { carryOut, planReplay } from "./replay.ts";
export type { ReplayPlan, ReplaySelection, ReplayStep } from "./replay.ts";
export type { Change } from "./difference.ts";
export type { FlowStatus, HubStatus, IntakeStatus, SourceStatus, SystemStatus } from "./status.ts";
