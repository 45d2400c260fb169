import type { Attributes } from "@opentelemetry/api";
import type { GatewayRow } from "./fleet.ts";
import type { Metric } from "./status-metrics.ts";

/** One value per gateway that has one. */
function each(read: (row: GatewayRow) => number | undefined): Metric<readonly GatewayRow[]>["read"] {
  return (rows) =>
    rows.flatMap((row) => {
      const value = read(row);
      return value === undefined ? [] : [[value, { gateway: row.gateway }] satisfies [number, Attributes]];
    });
}

const seconds = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : ms / 1_000);

/** Every metric of gateways; docs/operating/README.md lists them by the same names. */
export const fleetMetrics: readonly Metric<readonly GatewayRow[]>[] = [
  {
    name: "lineshaft_gateway_linked",
    kind: "gauge",
    help: "1 while a gateway is heard of",
    read: each(({ linked }) => (linked ? 1 : 0)),
  },
  {
    name: "lineshaft_gateway_heard_timestamp_seconds",
    kind: "gauge",
    help: "When a gateway was heard of last, seconds since 1970",
    read: each(({ heardAt }) => seconds(heardAt)),
  },
  {
    name: "lineshaft_gateway_fact_timestamp_seconds",
    kind: "gauge",
    help: "When the last new fact of a gateway was taken, seconds since 1970",
    read: each(({ factsAt }) => seconds(factsAt)),
  },
  {
    name: "lineshaft_gateway_facts_waiting",
    kind: "gauge",
    help: "Facts that wait at a gateway, as it told last",
    read: each(({ facts }) => facts),
  },
  {
    name: "lineshaft_gateway_buffer_bytes",
    kind: "gauge",
    help: "What a gateway's buffer holds",
    read: each(({ bytes }) => bytes),
  },
  {
    name: "lineshaft_gateway_buffer_fill_ratio",
    kind: "gauge",
    help: "Share of a gateway's buffer that is full, 0 to 1",
    read: each(({ bytes, maxBytes }) => (bytes === undefined || !maxBytes ? undefined : bytes / maxBytes)),
  },
  {
    name: "lineshaft_gateway_holding_back",
    kind: "gauge",
    help: "1 while a gateway holds its sources back because its buffer is full",
    read: each(({ holdingSince, facts }) => (facts === undefined ? undefined : holdingSince === undefined ? 0 : 1)),
  },
  {
    name: "lineshaft_gateway_shed_total",
    kind: "counter",
    help: "Telemetry facts that a gateway shed for want of room",
    read: each(({ shed }) => shed),
  },
  {
    name: "lineshaft_gateway_clock_ahead_seconds",
    kind: "gauge",
    help: "How far a gateway's clock is ahead of the hub's",
    read: each(({ skewMs }) => seconds(skewMs)),
  },
  {
    name: "lineshaft_gateway_certificate_expiry_timestamp_seconds",
    kind: "gauge",
    help: "When a gateway's certificate ends, seconds since 1970",
    read: each(({ certificateTo }) => seconds(certificateTo)),
  },
  {
    name: "lineshaft_gateway_configuration_version",
    kind: "gauge",
    help: "Version of the configuration that a gateway runs",
    read: each(({ configuration }) => configuration),
  },
  {
    name: "lineshaft_gateway_configuration_wanted",
    kind: "gauge",
    help: "Version of the configuration that a gateway shall run",
    read: each(({ wanted }) => wanted),
  },
  {
    name: "lineshaft_gateway_info",
    kind: "gauge",
    help: "1, with the version of a gateway's program",
    read: (rows) =>
      rows.flatMap(({ gateway, program }) =>
        program === undefined ? [] : [[1, { gateway, program }] satisfies [number, Attributes]],
      ),
  },
];
