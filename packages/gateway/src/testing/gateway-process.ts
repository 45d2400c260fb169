import { type Fact, Secret, type SystemDefinition } from "@lineshaft/core";
import { type ConfigurationFiles, type ConfigurationReader, Gateway } from "../index.ts";
import type { Point } from "../points.ts";
import { GATEWAY, noteText } from "./notes.ts";

/** A gateway as a process of its own, that ends itself as kill -9 would. */
export interface GatewayProcessOptions {
  hub: string;
  ca: string;
  cert: string;
  key: string;
  buffer: string;
  /** Notes that its source hands over, a few at a time; it tells of each that was acknowledged. */
  from: number;
  to: number;
  kill?: { point: Point; hit: number };
  /** Where its configuration is kept, and the key; its line runs under the name in it, and is not there without. */
  configuration?: ConfigurationFiles;
}

/** What it tells: the newest note that is acknowledged, and how many facts wait. */
export interface GatewayProcessNews {
  acknowledged?: number;
  waiting?: number;
  /** Serial of the configuration that runs, and the sentence with which one was refused. */
  runs?: number;
  refused?: string;
}

const AT_ONCE = 10;

const options = JSON.parse(process.argv[2] ?? "{}") as GatewayProcessOptions;
let hits = 0;
const reader: ConfigurationReader = {
  type: "line.v1",
  check: () => [],
  build: (data) => ({ systems: [source(String(data))] }),
};
const gateway = await Gateway.start(
  {
    name: GATEWAY,
    hub: options.hub,
    tls: { ca: options.ca, cert: options.cert, key: Secret.file(options.key) },
    buffer: options.buffer,
    ...(options.configuration === undefined
      ? { systems: [source("line")] }
      : { configured: reader, configuration: options.configuration }),
    limits: { lingerMs: 1, retryFirstMs: 5, retryCapMs: 20, batchFacts: 16, heartbeatMs: 50 },
  },
  {
    at: (point) => {
      if (point === options.kill?.point && ++hits === options.kill.hit) process.kill(process.pid, "SIGKILL");
    },
  },
);
setInterval(() => {
  const { runs, refused } = gateway.status().configuration ?? {};
  const told = { ...(runs && { runs: runs.serial }), ...(refused && { refused: refused.message }) };
  tell({ waiting: gateway.buffer.facts, ...told });
}, 20);

function source(name: string): SystemDefinition {
  return {
    name,
    connector: "test",
    open: () =>
      Promise.resolve({
        targets: {},
        sources: {
          notes: {
            run: async (intake, signal) => {
              intake.listening();
              for (let n = options.from; n <= options.to && !signal.aborted; n += AT_ONCE) {
                const last = Math.min(n + AT_ONCE - 1, options.to);
                const facts: Fact[] = [];
                for (let i = n; i <= last; i++) facts.push({ contract: "note.v1", raw: noteText(i) });
                await Promise.all(facts.map((fact) => intake.record(fact)));
                tell({ acknowledged: last });
              }
              if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve));
            },
          },
        },
        check: () => Promise.resolve({ ok: true }),
        close: () => Promise.resolve(),
      }),
  };
}

function tell(news: GatewayProcessNews): void {
  process.send?.(news);
}
