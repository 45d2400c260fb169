import {
  type Ledger,
  type MessageFilter,
  ROUTES,
  type Route,
  type StoredDelivery,
  type StoredMessage,
  deliveryId,
} from "@lineshaft/core";
import type { HubDefinition } from "./hub-definition.ts";
import type { By } from "./people.ts";

/** Messages looked at, at once. */
const PAGE = 500;

export interface ReplaySelection extends Omit<MessageFilter, "limit" | "afterId" | "newestFirst"> {
  flow?: string;
  system?: string;
  /** Most messages; default 10,000. */
  most?: number;
}

/** What a replay does with one message on one route. `none`: why it leaves it alone. */
export interface ReplayStep {
  message: number;
  key: string;
  flow: string;
  system: string;
  operation: string;
  delivery?: number;
  state?: StoredDelivery["state"];
  /** `create`: the route is new since. `resend`: it was parked, dropped, suppressed or superseded. `check`: look whether it stands, send it if not. */
  act: "create" | "resend" | "check" | "none";
  because: string;
}

export interface ReplayPlan {
  steps: ReplayStep[];
  messages: number;
  /** More messages match than were looked at. */
  cut: boolean;
}

const MOST = 10_000;

/**
 * Says what a replay of the selected messages would do; changes nothing. A finished delivery is never simply sent
 * again: the target is asked whether it stands, or recognises it by its token, so that there is no second effect.
 */
export async function planReplay(
  ledger: Ledger,
  definition: HubDefinition,
  selection: ReplaySelection,
): Promise<ReplayPlan> {
  const { flow, system, most = MOST, ...filter } = selection;
  const routes = await ledger.routes();
  const plan: ReplayPlan = { steps: [], messages: 0, cut: false };
  for (let afterId = 0; ;) {
    const limit = Math.min(PAGE, most - plan.messages + 1);
    const page = await ledger.messages({ ...filter, afterId, limit });
    const messages = page.slice(0, most - plan.messages);
    plan.cut = page.length > messages.length;
    plan.messages += messages.length;
    const deliveries = await ledger.deliveries({
      messages: messages.map((m) => m.id),
      limit: messages.length * ROUTES,
    });
    for (const message of messages)
      plan.steps.push(
        ...stepsOf(message, deliveries, definition, routes).filter(
          (s) => (flow ?? s.flow) === s.flow && (system ?? s.system) === s.system,
        ),
      );
    if (page.length < limit || plan.cut) return plan;
    afterId = page.at(-1)?.id ?? afterId;
  }
}

/** Does what the plan says, one commit a step; what changed meanwhile is left alone and told. */
export async function carryOut(
  ledger: Ledger,
  plan: ReplayPlan,
  by: By,
  progress: (done: number, of: number) => void = () => {},
): Promise<{ done: number; failed: { step: ReplayStep; error: unknown }[] }> {
  const steps = plan.steps.filter((step) => step.act !== "none");
  const routes = await ledger.routes();
  const failed: { step: ReplayStep; error: unknown }[] = [];
  for (const [at, step] of steps.entries()) {
    try {
      await carryOutStep(ledger, step, routes, by);
    } catch (error) {
      failed.push({ step, error });
    }
    progress(at + 1, steps.length);
  }
  return { done: steps.length - failed.length, failed };
}

async function carryOutStep(ledger: Ledger, step: ReplayStep, routes: readonly Route[], by: By): Promise<void> {
  const delivery = step.delivery ?? 0;
  switch (step.act) {
    case "create": {
      const known = routes.find((r) => isRoute(r, step)) ?? (await ledger.registerRoutes([step]))[0];
      await ledger.act({ kind: "create", message: step.message, route: known?.id ?? 0, ...by });
      return;
    }
    case "resend":
      await ledger.act({ kind: "resend", delivery, ...by });
      return;
    case "check":
      await ledger.act({ kind: "recheck", delivery, check: true, ...by });
      return;
    case "none":
  }
}

function stepsOf(
  message: StoredMessage,
  deliveries: readonly StoredDelivery[],
  definition: HubDefinition,
  routes: readonly Route[],
): ReplayStep[] {
  const payload: unknown = JSON.parse(message.canonical);
  return definition.flows
    .filter((flow) => flow.contract.id === message.contract && (flow.options.from?.includes(message.source) ?? true))
    .flatMap((flow) =>
      flow.routes.map((route) => {
        const to = { flow: flow.name, system: route.operation.system.name, operation: route.operation.name };
        const known = routes.find((r) => isRoute(r, to));
        const existing =
          known === undefined ? undefined : deliveries.find((d) => d.id === deliveryId(message.id, known.id));
        const base = { message: message.id, key: message.key, ...to };
        if (existing !== undefined)
          return { ...base, delivery: existing.id, state: existing.state, ...actFor(existing.state) };
        if (route.when !== undefined && !route.when(payload))
          return { ...base, act: "none" as const, because: "The flow's condition sends it elsewhere." };
        return { ...base, act: "create" as const, because: "This way did not exist when the message came in." };
      }),
    );
}

function isRoute(
  a: { flow: string; system: string; operation: string },
  b: { flow: string; system: string; operation: string },
): boolean {
  return a.flow === b.flow && a.system === b.system && a.operation === b.operation;
}

function actFor(state: StoredDelivery["state"]): Pick<ReplayStep, "act" | "because"> {
  switch (state) {
    case "pending":
    case "sending":
    case "checking":
      return { act: "none", because: "It is on its way already." };
    case "parked":
      return { act: "resend", because: "It waits for a person." };
    case "dropped":
      return { act: "resend", because: "It was dropped." };
    case "suppressed":
    case "superseded":
      return { act: "none", because: "A newer version is known." };
    case "done":
      return { act: "check", because: "It is looked up, and sent only if it does not stand." };
  }
}
