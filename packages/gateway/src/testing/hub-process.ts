import { type Ledger, Secret } from "@lineshaft/core";
import { openHub } from "@lineshaft/engine";
import { openSqliteLedger } from "@lineshaft/ledger-sqlite";
import { gatewayIntake } from "../index.ts";
import { GATEWAY, plainNote } from "./notes.ts";

/** A hub as a process of its own, that ends itself as kill -9 would: when a batch is on its disk and not yet answered. */
export interface HubProcessOptions {
  ledger: string;
  ca: string;
  cert: string;
  key: string;
  /** At which commit that moves a gateway's place. */
  killAtCommit?: number;
}

const options = JSON.parse(process.argv[2] ?? "{}") as HubProcessOptions;
let commits = 0;

function killing(ledger: Ledger): Ledger {
  const commit = ledger.commit.bind(ledger);
  ledger.commit = async (group) => {
    const result = await commit(group);
    const moves = [...(group.messages ?? []), ...(group.refusals ?? [])].some(({ cursor }) => cursor !== undefined);
    if (moves && ++commits === options.killAtCommit) process.kill(process.pid, "SIGKILL");
    return result;
  };
  return ledger;
}

const hub = await openHub({
  name: "hub",
  ledger: {
    engine: "sqlite",
    location: options.ledger,
    open: async () => killing(await openSqliteLedger({ path: options.ledger })),
  },
  systems: [
    gatewayIntake({
      name: "gateways",
      port: 0,
      host: "127.0.0.1",
      tls: { cert: options.cert, key: Secret.file(options.key), gatewayCa: options.ca },
      gateways: [{ name: GATEWAY }],
      onListening: (url) => process.send?.({ port: Number(new URL(url).port) }),
    }),
  ],
  flows: [],
  contracts: [plainNote],
});
await hub.start();
