import {
  type Attributes,
  type Context,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  context,
  trace,
} from "@opentelemetry/api";

/**
 * OpenTelemetry spans of the hub: `record` (a fact comes in), `deliver` (a delivery is in hand; child of its record,
 * however much later) and `call` (one request; linked to the deliveries in it). When no SDK is set up, nothing is done.
 */
export class Tracing {
  readonly #tracer = trace.getTracer("lineshaft");
  readonly #on: boolean;

  constructor() {
    const probe = this.#tracer.startSpan("start");
    this.#on = probe.isRecording();
    probe.end();
  }

  /** Undefined when nobody listens. `parent` is a W3C traceparent. */
  record(parent: string | undefined, attributes: Attributes): Span | undefined {
    if (!this.#on) return undefined;
    return this.#tracer.startSpan("record", { kind: SpanKind.CONSUMER, attributes }, contextOf(parent));
  }

  deliver(parent: string | null, attributes: Attributes): Span | undefined {
    if (!this.#on) return undefined;
    return this.#tracer.startSpan("deliver", { kind: SpanKind.INTERNAL, attributes }, contextOf(parent ?? undefined));
  }

  /** Runs one request within a span of its own, which is active meanwhile, so that a client passes it on. */
  async call<T>(
    deliveries: readonly (Span | undefined)[],
    attributes: Attributes,
    request: () => Promise<T>,
  ): Promise<T> {
    if (!this.#on) return request();
    const links = deliveries.filter((span) => span !== undefined).map((span) => ({ context: span.spanContext() }));
    const only = deliveries.length === 1 ? deliveries[0] : undefined;
    const parent = only === undefined ? ROOT_CONTEXT : trace.setSpan(ROOT_CONTEXT, only);
    const span = this.#tracer.startSpan("call", { kind: SpanKind.CLIENT, attributes, links }, parent);
    try {
      return await context.with(trace.setSpan(parent, span), request);
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.message : String(error) });
      throw error;
    } finally {
      span.end();
    }
  }
}

/** What a message keeps, so that its deliveries join its trace later. */
export function traceparentOf(span: Span): string {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, "0")}`;
}

/** W3C Trace Context, level 1, §3.2.2; anything else begins a trace of its own. */
const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

function contextOf(traceparent: string | undefined): Context {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(traceparent ?? "") ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return ROOT_CONTEXT;
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16),
    isRemote: true,
  });
}
