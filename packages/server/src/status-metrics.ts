import type { Attributes, BatchObservableResult, Meter, Observable } from "@opentelemetry/api";
import type { HubStatus } from "@lineshaft/engine";

/** One metric: its name, kind, help, and how it is read off what is observed. */
export interface Metric<T> {
  name: string;
  kind: "counter" | "gauge";
  help: string;
  read(observed: T): [value: number, attributes: Attributes][];
}

/** Without the label where there is no single plant. */
const labels = ({ name, plant }: HubStatus["systems"][number]): Attributes => ({
  ...(plant !== null && { plant }),
  system: name,
});
const sources = (status: HubStatus) =>
  status.systems.flatMap((system) => system.sources.map((source) => ({ labels: labels(system), source })));
const routes = (status: HubStatus) =>
  status.flows.flatMap((flow) =>
    flow.routes.map((route) => ({
      route,
      attributes: {
        ...(flow.plant !== null && { plant: flow.plant }),
        flow: flow.name,
        system: route.system,
        operation: route.operation,
      },
    })),
  );

/** Every metric that is read off the hub's status at a scrape; docs/operating/README.md lists them by the same names. */
export const statusMetrics: readonly Metric<HubStatus>[] = [
  {
    name: "lineshaft_ready",
    kind: "gauge",
    help: "1 while the hub takes and delivers facts",
    read: (status) => [[status.ready ? 1 : 0, { hub: status.name }]],
  },
  {
    name: "lineshaft_workers",
    kind: "gauge",
    help: "Live workers on the hub's ledger",
    read: ({ worker }) => [[worker.workers, {}]],
  },
  {
    name: "lineshaft_lanes",
    kind: "gauge",
    help: "Lanes that this worker works off, of 64",
    read: ({ worker }) => [[worker.lanes, {}]],
  },
  {
    name: "lineshaft_facts_total",
    kind: "counter",
    help: "Facts handed in, by what became of them",
    read: ({ intake }) => [
      [intake.accepted, { result: "accepted" }],
      [intake.duplicates, { result: "duplicate" }],
      [intake.refused, { result: "refused" }],
      [intake.turnedAway, { result: "turned_away" }],
    ],
  },
  {
    name: "lineshaft_intake_waiting",
    kind: "gauge",
    help: "Facts that wait for their commit",
    read: ({ intake }) => [[intake.waiting, {}]],
  },
  {
    name: "lineshaft_commits_total",
    kind: "counter",
    help: "Durable commits of the ledger",
    read: ({ intake }) => [[intake.commits, {}]],
  },
  {
    name: "lineshaft_deliveries_open",
    kind: "gauge",
    help: "Deliveries that are not finished, by system and state",
    read: ({ systems }) =>
      systems.flatMap((system) =>
        Object.entries(system.backlog).map(([state, count]): [number, Attributes] => [
          count,
          { ...labels(system), state },
        ]),
      ),
  },
  {
    name: "lineshaft_attempts_total",
    kind: "counter",
    help: "Attempts, by system and outcome",
    read: ({ systems }) =>
      systems.flatMap((system) =>
        Object.entries(system.outcomes).map(([outcome, count]): [number, Attributes] => [
          count,
          { ...labels(system), outcome },
        ]),
      ),
  },
  {
    name: "lineshaft_calls_in_flight",
    kind: "gauge",
    help: "Calls to a system under way",
    read: ({ systems }) => systems.map((system) => [system.inFlight, labels(system)]),
  },
  {
    name: "lineshaft_breaker_open",
    kind: "gauge",
    help: "1 while calls to a system are held back",
    read: ({ systems }) => systems.map((system) => [system.breaker === "closed" ? 0 : 1, labels(system)]),
  },
  {
    name: "lineshaft_source_running",
    kind: "gauge",
    help: "1 while a source is connected",
    read: (status) =>
      sources(status).map(({ labels: of, source }) => [
        source.state === "running" ? 1 : 0,
        { ...of, source: source.name },
      ]),
  },
  {
    name: "lineshaft_source_facts_total",
    kind: "counter",
    help: "Facts that a source handed in",
    read: (status) => sources(status).map(({ labels: of, source }) => [source.facts, { ...of, source: source.name }]),
  },
  {
    name: "lineshaft_route_done_total",
    kind: "counter",
    help: "Deliveries done, by flow and operation",
    read: (status) => routes(status).map(({ route, attributes }) => [route.done, attributes]),
  },
  {
    name: "lineshaft_route_retried_total",
    kind: "counter",
    help: "Deliveries put back to be tried again",
    read: (status) => routes(status).map(({ route, attributes }) => [route.retried, attributes]),
  },
  {
    name: "lineshaft_route_looked_up_total",
    kind: "counter",
    help: "Deliveries looked up because nobody knew whether they stand",
    read: (status) => routes(status).map(({ route, attributes }) => [route.lookedUp, attributes]),
  },
  {
    name: "lineshaft_route_parked_total",
    kind: "counter",
    help: "Deliveries that were parked for a person",
    read: (status) => routes(status).map(({ route, attributes }) => [route.parked, attributes]),
  },
  {
    name: "process_resident_memory_bytes",
    kind: "gauge",
    help: "Memory of the process",
    read: () => [[process.memoryUsage.rss(), {}]],
  },
];

/** Registers all of them with one reading per scrape. */
export function observeMetrics<T>(meter: Meter, metrics: readonly Metric<T>[], read: () => T | Promise<T>): void {
  const observed = metrics.map((metric) => ({ metric, instrument: instrumentOf(meter, metric) }));
  meter.addBatchObservableCallback(
    async (result: BatchObservableResult) => {
      const now = await read();
      for (const { metric, instrument } of observed)
        for (const [value, attributes] of metric.read(now)) result.observe(instrument, value, attributes);
    },
    observed.map(({ instrument }) => instrument),
  );
}

function instrumentOf<T>(meter: Meter, { name, kind, help }: Metric<T>): Observable {
  const options = { description: help };
  return kind === "counter" ? meter.createObservableCounter(name, options) : meter.createObservableGauge(name, options);
}
