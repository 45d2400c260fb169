import { type Fact, Secret, type SystemDefinition } from "@lineshaft/core";
import { Gateway } from "../index.ts";
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
}

/** What it tells: the newest note that is acknowledged, and how many facts wait. */
export interface GatewayProcessNews {
  acknowledged?: number;
  waiting?: number;
}

const AT_ONCE = 10;

const options = JSON.parse(process.argv[2] ?? "{}") as GatewayProcessOptions;
let hits = 0;
const gateway = await Gateway.start(
  {
    name: GATEWAY,
    hub: options.hub,
    tls: { ca: options.ca, cert: options.cert, key: Secret.file(options.key) },
    buffer: options.buffer,
    systems: [source()],
    limits: { lingerMs: 1, retryFirstMs: 5, retryCapMs: 20, batchFacts: 16 },
  },
  {
    at: (point) => {
      if (point === options.kill?.point && ++hits === options.kill.hit) process.kill(process.pid, "SIGKILL");
    },
  },
);
setInterval(() => tell({ waiting: gateway.buffer.facts }), 20);

function source(): SystemDefinition {
  return {
    name: "line",
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
