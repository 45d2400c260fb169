export { DEFAULT_PORT, REQUEST_BODY_BYTES, REQUEST_MS, serveHub } from "./serve-hub.ts";
export type { HubServer, ServeOptions, ServedHub } from "./serve-hub.ts";
export { EVENT_MS, WATCHERS } from "./event-stream.ts";
export type { FaultOffer, FaultSwitchboard } from "./faults.ts";
export { LIVE_ROWS } from "./live-status.ts";
export type { FactRow, LiveStatus, ParkedRow } from "./live-status.ts";
export { startTelemetry } from "./telemetry.ts";
export type { Telemetry, TelemetryOptions } from "./telemetry.ts";
export { statusMetrics } from "./status-metrics.ts";
