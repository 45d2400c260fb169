import type { System, SystemContext, SystemDefinition, Target } from "@lineshaft/core";

export type Changed = (target: Target<never>) => Pick<Target<never>, "send" | "repeat">;

/** The same system with other `send`s and look-ups. Handles made from the definition stay valid, because it stays the same object. */
export function withTargets<S extends SystemDefinition>(definition: S, change: Changed): S {
  const opens = definition.open.bind(definition);
  return Object.assign(definition, {
    open: async (context: SystemContext) => systemWith(await opens(context), change),
  });
}

function systemWith(system: System, change: Changed): System {
  const targets = Object.entries(system.targets).map(([name, target]) => [name, retarget(target, change)] as const);
  return {
    targets: Object.fromEntries(targets),
    sources: system.sources,
    check: (signal) => system.check(signal),
    close: () => system.close(),
  };
}

/** Field by field: a target may be an instance of a class, whose methods a spread leaves behind. */
function retarget(target: Target<never>, change: Changed): Target<never> {
  const { maxBatch, keepsOrder } = target;
  return {
    maxBatch,
    ...(keepsOrder === undefined ? {} : { keepsOrder }),
    ...(target.conflicts === undefined ? {} : { conflicts: (item) => target.conflicts?.(item) ?? [] }),
    ...change(target),
  };
}
