/*
 * The job that every peer does: a fact goes to two targets, once to each, the facts of a key in the order in which they
 * were submitted, and how it went is recorded. Types only, because the adapters live outside the workspaces.
 */

/** The two targets; both in the process of the adapter, and both answer at once. */
export const TARGETS = ["one", "two"] as const;
export type Target = (typeof TARGETS)[number];

export interface PeerFact {
  /** Unique per fact; a second one with the same id is the same fact again. */
  id: string;
  /** Order key. */
  key: string;
  /** As it leaves a socket. */
  raw: string;
  /** The same, parsed beforehand: an adapter need not do it again. */
  body: object;
}

export interface OpenPeer {
  /** A fresh database of a durable PostgreSQL. */
  databaseUrl: string;
  /** An empty folder of its own. */
  folder: string;
  /** What a target does. @returns the receipt to record */
  apply: (target: Target, id: string) => string;
}

/** A tool that runs and waits for facts. */
export interface Peer extends AsyncDisposable {
  /** Hands over in this order at full speed, waiting for no outcome. Resolves when the last fact is accepted. */
  submit(facts: readonly PeerFact[]): Promise<void>;
  /** How many outcomes stand in the tool's own store since it was opened. */
  recorded(): Promise<number>;
}

/** What the module of an adapter exports as `open`. */
export type OpenPeerTool = (options: OpenPeer) => Promise<Peer>;

/** Sentences and settings that are printed with the figures; the module exports it as `about`. */
export interface AboutPeer {
  /** Package and version. */
  version: string;
  /** How it is made durable and how much it does at a time. */
  settings: string;
}
