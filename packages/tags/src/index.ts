export { countTag, flagTag, numberTag, stateTag, textTag } from "./tag-specs.ts";
export type {
  CountTag,
  EquipmentState,
  FlagTag,
  NumberTag,
  StateTag,
  TagSpec,
  TagSpecs,
  TagsOf,
  TextTag,
} from "./tag-specs.ts";
export type {
  AlarmRule,
  CompletionRule,
  MeasureSpec,
  OutOfSpecRule,
  RuleSpec,
  RuntimeRule,
  StateRule,
  SummaryRule,
} from "./rule-specs.ts";
export { unitTemplate } from "./unit-template.ts";
export type { OrderTags, Unit, UnitOptions, UnitPlace, UnitTemplate, UnitTemplateOptions } from "./unit-template.ts";
export { releasedOrders } from "./running-order.ts";
export type { OrderKnown, ReleasedOrders, RunningOrder, RunningOrders } from "./running-order.ts";
export type { ShiftPlan } from "./shift-calendar.ts";
export { defineLine } from "./line.ts";
export type { Line, LineDefinition, LineOptions } from "./line.ts";
export type { TagFact } from "./compose-fact.ts";
export { readRecording, replayTags } from "./replay-tags.ts";
export type { Recorded, ReplayOptions } from "./replay-tags.ts";
