import { pathToFileURL } from "node:url";
import { join } from "node:path";
import { beside } from "../child.ts";
import { PEERS_FOLDER } from "./install-peers.ts";

interface PeerModule {
  module: string;
  /** Its own packages are to be installed first. */
  foreign: boolean;
  /** What it does not promise of the job, as a sentence. */
  without?: string;
}

const own = (name: string): PeerModule => ({ module: beside(import.meta.url, name).href, foreign: false });
const foreign = (name: string, without: string): PeerModule => ({
  module: pathToFileURL(join(PEERS_FOLDER, `${name}.ts`)).href,
  foreign: true,
  without,
});

/** Every tool that does the job, by the name of its figure. */
export const peerModules = {
  lineshaft: own("lineshaft-postgres-peer"),
  lineshaftSqlite: own("lineshaft-sqlite-peer"),
  pgBoss: foreign(
    "pg-boss",
    "pg-boss keeps the order among the jobs of different inserts; within one insert it is by id, so each insert holds a key once.",
  ),
  graphileWorker: foreign(
    "graphile-worker",
    "Graphile Worker keeps neither facts nor outcomes once a job is done: two tables of the adapter do. A job that fails and is tried again may be overtaken by later ones of its queue.",
  ),
  dbos: foreign(
    "dbos",
    "DBOS orders a partition by the millisecond of enqueueing, so each transaction holds a key once. A workflow that fails for good lets the next one of its key pass.",
  ),
  restate: foreign(
    "restate",
    "Restate takes a fact for each target by a request of its own, so a crash in between leaves it at one until the producer sends it again. It knows an id for a day (its default).",
  ),
  nodeRed: foreign("node-red", "Node-RED promises no durability: its messages are in memory, and a crash loses them."),
} as const satisfies Record<string, PeerModule>;

export type PeerName = keyof typeof peerModules;

/** @throws Error when there is none of that name */
export function chosenPeers(names: string | undefined): PeerName[] {
  const all = Object.keys(peerModules) as PeerName[];
  if (names === undefined) return all;
  const chosen = names.split(",").map((name) => name.trim());
  const unknown = chosen.filter((name) => !(name in peerModules));
  if (unknown.length > 0) throw new Error(`There is no peer ${unknown.join(", ")}. There are ${all.join(", ")}.`);
  return chosen as PeerName[];
}
