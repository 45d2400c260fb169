import { cursorsOf } from "@lineshaft/core";
import { type LedgerDefinition, openHub } from "@lineshaft/engine";
import { gatewayIntake } from "@lineshaft/gateway";
import { sqlite } from "@lineshaft/ledger-sqlite";
import { equipmentEvent } from "@lineshaft/model";
import { childOptions, tell } from "../../child.ts";
import { withCommit } from "../../ledger-wrap.ts";
import { readingContracts } from "./readings.ts";

export interface HubOptions {
  gateway: string;
  host: string;
  port: number;
  authority: string;
  ledger: string;
  /** Ends itself as kill -9 does around the n-th commit that moves the gateway's place. */
  kill?: { point: "beforeCommit" | "betweenPlaceAndCommit" | "afterCommit"; hit: number };
  /** Moves the place outside of the commit. */
  broken?: boolean;
}

export interface HubWord {
  running: true;
  stopped: true;
}

const options = childOptions() as HubOptions;
let { kill } = options;
let hits = 0;

const hub = await openHub({
  name: "hub",
  ledger: dying(sqlite({ path: options.ledger })),
  systems: [
    gatewayIntake({
      name: "gateways",
      port: options.port,
      host: options.host,
      authority: options.authority,
      gateways: [{ name: options.gateway }],
    }),
  ],
  flows: [],
  contracts: [...readingContracts, equipmentEvent],
});
await hub.start();
tell({ running: true });
process.on("message", (said: { spare?: true }) => {
  if (said.spare === true) {
    kill = undefined;
    return;
  }
  void hub.stop().then(() => {
    tell({ stopped: true });
    process.disconnect();
  });
});
// Whoever started it is gone.
process.on("disconnect", () => process.exit());

function dying(definition: LedgerDefinition): LedgerDefinition {
  return withCommit(options.broken === true ? placeFirst(definition) : definition, (commit) => async (group) => {
    const moves = cursorsOf(group).length > 0;
    if (moves) hits++;
    if (moves) pass("beforeCommit");
    const result = await commit(group);
    if (moves) pass("afterCommit");
    return result;
  });
}

/** Breaks the build on purpose: a place is saved by itself, and then what it stands for. */
function placeFirst(definition: LedgerDefinition): LedgerDefinition {
  return {
    ...definition,
    open: async (opening) => {
      const ledger = await definition.open(opening);
      const commit = ledger.commit.bind(ledger);
      ledger.commit = async (group) => {
        const moves = cursorsOf(group);
        for (const { name, value } of moves) await ledger.saveCursor(name, value);
        if (moves.length > 0) pass("betweenPlaceAndCommit");
        return commit(group);
      };
      return ledger;
    },
  };
}

function pass(point: string): void {
  if (point === kill?.point && hits === kill.hit) process.kill(process.pid, "SIGKILL");
}
