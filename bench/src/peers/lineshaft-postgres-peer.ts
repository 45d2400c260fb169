import { postgres } from "@lineshaft/ledger-postgres";
import type { AboutPeer, OpenPeerTool } from "./hand-over.ts";
import { openLineshaft } from "./lineshaft-peer.ts";

export const open: OpenPeerTool = ({ databaseUrl, apply }) => openLineshaft(postgres({ url: databaseUrl }), apply);

export const about = (): Promise<AboutPeer> =>
  Promise.resolve({
    version: `Lineshaft, ledger in PostgreSQL, Node ${process.version}`,
    settings: "synchronous_commit = on; 2,000 receipts awaited at most; its defaults",
  });
