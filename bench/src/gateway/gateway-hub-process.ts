import { Secret } from "@lineshaft/core";
import { openHub } from "@lineshaft/engine";
import { gatewayIntake } from "@lineshaft/gateway";
import { sqlite } from "@lineshaft/ledger-sqlite";
import { equipmentEvent } from "@lineshaft/model";
import { childOptions, tell } from "../child.ts";

export interface GatewayHubOptions {
  gateway: string;
  port: number;
  cert: string;
  key: string;
  ca: string;
  ledger: string;
}

export interface GatewayHubWord {
  running: true;
  stopped: true;
}

const options = childOptions() as GatewayHubOptions;
const hub = await openHub({
  name: "bench",
  ledger: sqlite({ path: options.ledger }),
  systems: [
    gatewayIntake({
      name: "gateways",
      port: options.port,
      host: "127.0.0.1",
      tls: { cert: options.cert, key: Secret.file(options.key), gatewayCa: options.ca },
      gateways: [{ name: options.gateway }],
    }),
  ],
  flows: [],
  contracts: [equipmentEvent],
});
await hub.start();
tell({ running: true });
process.on("message", () => void hub.stop().then(() => tell({ stopped: true })));
