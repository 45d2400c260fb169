import { metrics } from "@opentelemetry/api";
import { Latencies, type RouteFigures, newRouteFigures } from "./figures.ts";
import type { Task } from "./key-lines.ts";
import type { Routing, RunningFlow } from "./routing.ts";
import type { Step } from "./settle.ts";
import type { FlowStatus } from "./status.ts";

interface Figures {
  flow: RunningFlow;
  accepted: number;
  latencies: Latencies;
}

/** Counts what becomes of each flow's deliveries. */
export class FlowFigures {
  readonly #flows = new Map<string, Figures>();
  readonly #routes = new Map<number, RouteFigures>();
  readonly #seconds = metrics.getMeter("lineshaft").createHistogram("lineshaft_delivery_duration", {
    unit: "s",
    description: "From acceptance to settlement of a delivery",
  });

  constructor(routing: Routing) {
    for (const flow of routing.flows) {
      this.#flows.set(flow.definition.name, { flow, accepted: 0, latencies: new Latencies() });
      for (const route of flow.routes) this.#routes.set(route.id, newRouteFigures());
    }
  }

  accepted(flows: readonly string[]): void {
    for (const name of flows) {
      const figures = this.#flows.get(name);
      if (figures !== undefined) figures.accepted++;
    }
  }

  settled(task: Task, step: Step): void {
    const figures = this.#routes.get(task.target.id);
    if (figures === undefined) return;
    if (step.attempt?.kind === "check") figures.lookedUp++;
    if (step.attempt?.outcome === "rejected") figures.rejected++;
    if (step.to === "pending") figures.retried++;
    if (step.to === "parked") figures.parked++;
    if (step.to !== "done") return;
    figures.done++;
    const ms = step.at - (task.carried?.receivedTime ?? step.at);
    this.#flows.get(task.target.flow)?.latencies.add(ms);
    this.#seconds.record(ms / 1_000, {
      flow: task.target.flow,
      system: task.target.system,
      operation: task.target.operation.name,
    });
  }

  status(): FlowStatus[] {
    return [...this.#flows.values()].map(({ flow, accepted, latencies }) => ({
      name: flow.definition.name,
      plant: flow.definition.options.plant ?? null,
      contract: flow.definition.contract.id,
      owner: flow.routes[0]?.owner ?? "",
      accepted,
      routes: flow.routes.map((route) => ({
        system: route.system,
        operation: route.operation.name,
        ...(this.#routes.get(route.id) ?? newRouteFigures()),
      })),
      p50Ms: latencies.percentile(0.5),
      p99Ms: latencies.percentile(0.99),
    }));
  }
}
