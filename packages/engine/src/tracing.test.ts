import { context, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { afterEach, beforeEach, expect, test } from "vitest";
import { MemorySystem, type Note, note } from "@lineshaft/testing";
import { flow } from "./index.ts";
import { HubBed } from "./testing/hub-bed.ts";

const exporter = new InMemorySpanExporter();

beforeEach(() => {
  exporter.reset();
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }));
  context.setGlobalContextManager(new AsyncLocalStorageContextManager());
});
afterEach(() => {
  trace.disable();
  context.disable();
});

test("one trace leads from the sender over intake and delivery to the call, also over a restart of the hub", async () => {
  const odoo = new MemorySystem<Note>("odoo");
  let seen: string | undefined;
  odoo.before = () => {
    seen = trace.getActiveSpan()?.spanContext().traceId;
    return undefined;
  };
  const bed = new HubBed({ systems: [odoo.definition], flows: [flow("notes", note).to(odoo.operation, (n) => n)] });
  await using _ = bed;
  odoo.down = true;
  await bed.start();
  const traceId = "0af7651916cd43dd8448eb211c80319c";
  await bed.intake.record({
    contract: "note.v1",
    raw: '{"id":"a","key":"k"}',
    trace: `00-${traceId}-b7ad6b7169203331-01`,
  });
  await bed.until("pending");
  await bed.stop();
  odoo.down = false;
  await bed.start();
  for (let i = 0; i < 5; i++) await bed.clock.advance(1_000);
  await bed.until("done");
  expect(seen).toBe(traceId);
  const spans = exporter.getFinishedSpans().filter((s) => s.spanContext().traceId === traceId);
  const names = spans.map((s) => s.name);
  expect(names).toEqual(expect.arrayContaining(["record", "deliver", "call"]));
  const record = spans.find((s) => s.name === "record");
  const done = spans.find((s) => s.attributes["lineshaft.outcome"] === "done");
  expect(record?.parentSpanContext?.spanId).toBe("b7ad6b7169203331");
  expect(done?.parentSpanContext?.spanId).toBe(record?.spanContext().spanId);
});

test("a traceparent that is none begins a trace of its own", async () => {
  const bed = new HubBed({ systems: [], flows: [], contracts: [note] });
  await using _ = bed;
  await bed.start();
  await bed.intake.record({ contract: "note.v1", raw: '{"id":"a","key":"k"}', trace: "not-a-trace" });
  const span = exporter.getFinishedSpans().find((s) => s.name === "record");
  expect(span?.parentSpanContext).toBeUndefined();
  expect((await bed.ledger.message(1))?.trace).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
});
