import { once } from "node:events";
import { createServer } from "node:http";
import { metrics, trace } from "@opentelemetry/api";
import { expect, test } from "vitest";
import { startTelemetry } from "./telemetry.ts";

test("spans reach the collector that the environment names, with the hub's name", async () => {
  const received: { path: string | undefined; body: string }[] = [];
  const collector = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString("latin1")));
    request.on("end", () => {
      received.push({ path: request.url, body });
      response.writeHead(200, { "content-type": "application/json" }).end("{}");
    });
  }).listen(0, "127.0.0.1");
  await once(collector, "listening");
  const { port } = collector.address() as { port: number };
  const environment = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}/` };
  const telemetry = await startTelemetry({ service: "hall-7", environment });
  expect(telemetry.tracesTo).toBe(`http://127.0.0.1:${port}/v1/traces`);
  trace.getTracer("test").startSpan("a call").end();
  await telemetry.close();
  collector.close();
  expect(received.map(({ path }) => path)).toEqual(["/v1/traces"]);
  expect(received[0]?.body).toContain("hall-7");
  expect(received[0]?.body).toContain("a call");
});

test("without a collector nothing is sent, and metrics are read by whoever asks", async () => {
  await using telemetry = await startTelemetry({ service: "hall-7", environment: {} });
  expect(telemetry.tracesTo).toBeUndefined();
  metrics.getMeter("lineshaft").createHistogram("lineshaft_delivery_duration", { unit: "s" }).record(2);
  const text = await telemetry.metricsText();
  expect(text).toContain('lineshaft_delivery_duration_bucket{le="2.5"} 1');
  expect(text).toContain('lineshaft_delivery_duration_bucket{le="1"} 0');
});
