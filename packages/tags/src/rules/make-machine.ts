import type { RuleSpec } from "../rule-specs.ts";
import type { TagSpecs } from "../tag-specs.ts";
import { AlarmMachine } from "./alarm-machine.ts";
import { CompletionMachine } from "./completion-machine.ts";
import { OutOfSpecMachine } from "./out-of-spec-machine.ts";
import type { RuleHost, RuleMachine } from "./rule-machine.ts";
import { RuntimeMachine } from "./runtime-machine.ts";
import { StateMachine } from "./state-machine.ts";
import { SummaryMachine } from "./summary-machine.ts";

/** The state machine of a rule. */
export function makeMachine(name: string, rule: RuleSpec<TagSpecs>, specs: TagSpecs, host: RuleHost): RuleMachine {
  switch (rule.kind) {
    case "completion":
      return new CompletionMachine(name, rule, specs, host);
    case "state":
      return new StateMachine(name, rule, specs, host);
    case "alarm":
      return new AlarmMachine(name, rule, host);
    case "out-of-spec":
      return new OutOfSpecMachine(name, rule, specs, host);
    case "runtime":
      return new RuntimeMachine(name, rule, specs, host);
    case "summary":
      return new SummaryMachine(name, rule, specs, host);
  }
}
