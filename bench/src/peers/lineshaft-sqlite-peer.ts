import { join } from "node:path";
import { sqlite } from "@lineshaft/ledger-sqlite";
import type { AboutPeer, OpenPeerTool } from "./hand-over.ts";
import { openLineshaft } from "./lineshaft-peer.ts";

export const open: OpenPeerTool = ({ folder, apply }) =>
  openLineshaft(sqlite({ path: join(folder, "ledger.db") }), apply);

export const about = (): Promise<AboutPeer> =>
  Promise.resolve({
    version: `Lineshaft, SQLite ${process.versions["sqlite"] ?? ""} of Node ${process.version}`,
    settings: "synchronous = full; 2,000 receipts awaited at most; its defaults",
  });
