import { existsSync, readFileSync } from "node:fs";
import { type Clock, type Intake, Secret, type SystemDefinition, systemClock } from "@lineshaft/core";
import { Gateway } from "@lineshaft/gateway";
import { childOptions, tell } from "../child.ts";
import { gatewayFact } from "./gateway-fact.ts";

export interface GatewayProcessOptions {
  name: string;
  hub: string;
  ca: string;
  cert: string;
  key: string;
  buffer: string;
  facts: number;
  perSecond: number;
}

export interface GatewayWord {
  recorded: { ms: number; bytes: number; rssMb: number };
  caughtUp: { ms: number; rssMb: number };
}

/** The hub is tried this often, so that waiting for the next try is no part of a figure. */
const RETRY_MS = 250;
const LOOK_MS = 5;

const options = childOptions() as GatewayProcessOptions;
const startedAt = performance.now();
const cutAt = Date.now() - (options.facts / options.perSecond) * 1_000;
let simulated: number | undefined = cutAt;
/** While facts are recorded, hours pass in minutes; what waits goes by the real time. */
const clock: Clock = { ...systemClock, now: () => simulated ?? systemClock.now() };

const gateway = await Gateway.start(
  {
    name: options.name,
    hub: options.hub,
    tls: { ca: options.ca, cert: options.cert, key: Secret.file(options.key) },
    buffer: options.buffer,
    systems: [line(record)],
    limits: { retryCapMs: RETRY_MS },
  },
  { clock },
);

async function record(intake: Intake): Promise<void> {
  for (let n = 1; n <= options.facts; n += options.perSecond) {
    const last = Math.min(n + options.perSecond - 1, options.facts);
    simulated = cutAt + (last / options.perSecond) * 1_000;
    const second = [];
    for (let i = n; i <= last; i++) second.push(intake.record(gatewayFact(i, simulated)));
    await Promise.all(second);
  }
  simulated = undefined;
  const { bytes } = gateway.buffer;
  tell({ recorded: { ms: performance.now() - startedAt, bytes, rssMb: mostRssMb() } });
  await catchUp();
}

async function catchUp(): Promise<void> {
  while (gateway.status().link.state !== "up") await systemClock.sleep(LOOK_MS);
  const upAt = performance.now();
  while (gateway.buffer.facts > 0) await systemClock.sleep(LOOK_MS);
  tell({ caughtUp: { ms: performance.now() - upAt, rssMb: mostRssMb() } });
}

function line(run: (intake: Intake) => Promise<void>): SystemDefinition {
  return {
    name: "line",
    connector: "bench",
    open: () =>
      Promise.resolve({
        targets: {},
        sources: {
          facts: {
            run: async (intake, signal) => {
              intake.listening();
              await run(intake);
              if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve));
            },
          },
        },
        check: () => Promise.resolve({ ok: true }),
        close: () => Promise.resolve(),
      }),
  };
}

/** The most that this process ever held, as Linux counts it. */
function mostRssMb(): number {
  const path = "/proc/self/status";
  const kilobytes = existsSync(path) ? /VmHWM:\s+(\d+)/.exec(readFileSync(path, "utf8"))?.[1] : undefined;
  return kilobytes === undefined ? process.resourceUsage().maxRSS / 1_024 : Number(kilobytes) / 1_024;
}
