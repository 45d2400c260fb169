import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLog, systemClock } from "@lineshaft/core";
import type { Log } from "@lineshaft/core";
import { TagRecorder } from "@lineshaft/testing";
import type { TagSourceBed } from "@lineshaft/testing";
import { OpcUaTagSource } from "../tag-source.ts";
import type { OpcUaOptions } from "../options.ts";
import { VENDOR } from "./server-protocol.ts";
import type { NewValue } from "./server-protocol.ts";

/** A source that reads, and what it said. */
export interface Reading extends AsyncDisposable {
  source: OpcUaTagSource;
  observer: TagRecorder;
  failure(): unknown;
  logged: string[];
}

export const node = (name: string) => `nsu=${VENDOR};s=${name}`;

/** Nodes of the test server by their names. */
export const named = (...names: string[]) => names.map((tag) => ({ tag, node: node(tag) }));

export type BedOptions = Omit<OpcUaOptions, "name" | "facts"> & { name?: string };

/** A source that does not run yet, with a folder of its own. */
export function bedOf(options: BedOptions): { source: OpcUaTagSource; logged: string[]; dispose: () => void } {
  const folder = mkdtempSync(join(tmpdir(), "lineshaft-opcua-"));
  const logged: string[] = [];
  const note = (message: string, fields?: object) =>
    void logged.push(fields === undefined ? message : `${message} ${JSON.stringify(fields)}`);
  const log: Log = { ...silentLog, info: note, warn: note, ...(process.env["DEBUG_OPCUA"] && { debug: note }) };
  const source = new OpcUaTagSource(
    {
      name: "press",
      security: { mode: "None" },
      pki: join(folder, "pki"),
      publishingMs: 100,
      facts: () => ({ run: async () => {} }),
      ...options,
    },
    { clock: systemClock, random: Math.random, log },
  );
  return { source, logged, dispose: () => rmSync(folder, { recursive: true, force: true }) };
}

/** A server with a double `temperature`, whoever made it. */
interface TemperatureServer extends AsyncDisposable {
  readonly endpoint: string;
  set(value: NewValue): Promise<void>;
  kill(): Promise<void>;
  start(): Promise<void>;
}

/** For the cases that every source of tags has to pass. */
export function caseBedOf(server: TemperatureServer): TagSourceBed {
  const { source, dispose } = bedOf({ endpoint: server.endpoint, nodes: named("temperature") });
  const set = (value: number) => server.set({ node: "temperature", value });
  return {
    tags: source,
    tag: "temperature",
    set,
    lose: () => server.kill(),
    bringBack: async (value) => {
      await server.start();
      await set(value);
    },
    dispose: async () => {
      dispose();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** `newest`: what an earlier run took. */
export function read(options: BedOptions, newest?: ReadonlyMap<string, number>): Reading {
  const { source, logged, dispose } = bedOf(options);
  const observer = new TagRecorder(newest);
  const stop = new AbortController();
  let failure: unknown;
  const running = source.run(observer, stop.signal).catch((error: unknown) => (failure = error));
  return {
    source,
    observer,
    logged,
    failure: () => failure,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
      dispose();
    },
  };
}
