import { context, metrics, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { PrometheusExporter, PrometheusSerializer } from "@opentelemetry/exporter-prometheus";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { AggregationType, MeterProvider, type ViewOptions } from "@opentelemetry/sdk-metrics";
import { BatchSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import type { HubStatus } from "@lineshaft/engine";
import { fleetMetrics } from "./fleet-metrics.ts";
import type { ReadFleet } from "./fleet.ts";
import { observeMetrics, statusMetrics } from "./status-metrics.ts";

export interface TelemetryOptions {
  /** `service.name` of all spans; the hub's name. */
  service: string;
  version?: string;
  environment?: NodeJS.ProcessEnv;
}

export interface Telemetry extends AsyncDisposable {
  /** All metrics as Prometheus text. */
  metricsText(): Promise<string>;
  /** Reads a hub's status at each scrape. */
  observe(status: () => HubStatus): void;
  /** Reads the hub's gateways at each scrape. */
  observeFleet(read: ReadFleet): void;
  /** Whether spans are sent, and where. */
  readonly tracesTo: string | undefined;
  /** Sends what is left and lets go of the global providers. */
  close(): Promise<void>;
}

/** From a local call to a day's outage, in seconds: the default bounds are made for milliseconds. */
const durations: ViewOptions = {
  instrumentUnit: "s",
  aggregation: {
    type: AggregationType.EXPLICIT_BUCKET_HISTOGRAM,
    options: {
      boundaries: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800, 14_400, 86_400],
    },
  },
};

/** Spans that wait to be sent; more are let go, the hub does not wait for a collector. */
const SPAN_QUEUE = 4_096;

/**
 * Sets up OpenTelemetry for this process: metrics always, spans only where OTEL_EXPORTER_OTLP_ENDPOINT (or
 * OTEL_EXPORTER_OTLP_TRACES_ENDPOINT) names a collector. Call it before the hub is opened: instruments made earlier
 * stay silent.
 */
export async function startTelemetry(options: TelemetryOptions): Promise<Telemetry> {
  const { service, version, environment = process.env } = options;
  const resource = resourceFromAttributes({ "service.name": service, ...(version && { "service.version": version }) });
  const reader = new PrometheusExporter({ preventServerStart: true });
  const meters = new MeterProvider({ resource, readers: [reader], views: [durations] });
  metrics.setGlobalMeterProvider(meters);
  const tracesTo = tracesEndpoint(environment);
  const spans = tracesTo === undefined ? undefined : await startTracing(resource, tracesTo);
  const serializer = new PrometheusSerializer("", false, undefined, true, true);
  const close = async (): Promise<void> => {
    metrics.disable();
    trace.disable();
    context.disable();
    await spans?.shutdown();
    await meters.shutdown();
  };
  return {
    tracesTo,
    metricsText: async () => serializer.serialize((await reader.collect()).resourceMetrics),
    observe: (status) => observeMetrics(meters.getMeter("lineshaft"), statusMetrics, status),
    observeFleet: (read) => observeMetrics(meters.getMeter("lineshaft"), fleetMetrics, read),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** OTLP over HTTP: the first variable is taken as it is, the second is a base (OpenTelemetry, OTLP exporter, endpoint URLs). */
function tracesEndpoint(environment: NodeJS.ProcessEnv): string | undefined {
  const base = environment["OTEL_EXPORTER_OTLP_ENDPOINT"]?.replace(/\/+$/, "");
  return environment["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] || (base ? `${base}/v1/traces` : undefined);
}

async function startTracing(resource: ReturnType<typeof resourceFromAttributes>, url: string): Promise<TracerProvider> {
  // Loaded only where spans are sent: it is a third of the start-up time of all telemetry.
  const { OTLPTraceExporter } = await import("@opentelemetry/exporter-trace-otlp-http");
  const processor = new BatchSpanProcessor({ exporter: new OTLPTraceExporter({ url }), maxQueueSize: SPAN_QUEUE });
  const provider = new TracerProvider({ resource, spanProcessors: [processor] });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager());
  trace.setGlobalTracerProvider(provider);
  return provider;
}
