import { backlogBench } from "./backlog/backlog-bench.ts";
import { calibrateBench } from "./calibrate/calibrate-bench.ts";
import { engineBench } from "./engine/engine-bench.ts";
import { odooBench } from "./erp/odoo-bench.ts";
import { sapBench } from "./erp/sap-bench.ts";
import { opcuaBench } from "./opcua/opcua-bench.ts";
import { failoverBench } from "./failover/failover-bench.ts";
import { gatewayBench } from "./gateway/gateway-bench.ts";
import { growthBench } from "./growth/growth-bench.ts";
import { peersBench } from "./peers/peers-bench.ts";
import type { Report } from "./report.ts";
import { contextualiserBench } from "./tags/contextualiser-bench.ts";
import { sparkplugBench } from "./sparkplug/sparkplug-bench.ts";

/** What the command line may set; each bench has its own defaults. */
export interface BenchOptions {
  messages?: number;
  rounds?: number;
  seconds?: number;
  rate?: number;
  pending?: number;
  version?: number;
  url?: string;
  folder?: string;
  ledger?: string;
  out?: string;
  peers?: string;
}

/** Every bench by its name. */
export const benches = {
  engine: (options: BenchOptions): Promise<Report> =>
    engineBench({ messages: 30_000, rounds: 5, seconds: 5, rate: 1_000, ledger: "sqlite", ...options }),
  backlog: (options: BenchOptions): Promise<Report> =>
    backlogBench({ pending: 1_000_000, messages: 10_000, rounds: 5, ledger: "sqlite", ...options }),
  calibrate: (options: BenchOptions): Promise<Report> =>
    calibrateBench({ messages: 10_000, rounds: 3, ledger: "sqlite", ...options }),
  odoo: (options: BenchOptions): Promise<Report> => odooBench({ messages: 1_000, ...options }),
  sap: (options: BenchOptions): Promise<Report> => sapBench({ messages: 1_000, ...options }),
  failover: (options: BenchOptions): Promise<Report> =>
    failoverBench({ rounds: 3, rate: 1_000, seconds: 5, ...options }),
  gateway: (options: BenchOptions): Promise<Report> => gatewayBench({ messages: 1_440_000, rate: 50, ...options }),
  growth: (options: BenchOptions): Promise<Report> => growthBench({ messages: 10_000_000, rounds: 3, ...options }),
  opcua: (options: BenchOptions): Promise<Report> => opcuaBench({ seconds: 20, ...options }),
  sparkplug: (options: BenchOptions): Promise<Report> => sparkplugBench({ rate: 20_000, seconds: 10, ...options }),
  contextualiser: (options: BenchOptions): Promise<Report> =>
    contextualiserBench({ messages: 500_000, rounds: 5, ...options }),
  peers: (options: BenchOptions): Promise<Report> => peersBench({ messages: 10_000, rounds: 3, ...options }),
} as const;
