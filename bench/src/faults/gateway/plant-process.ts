import { type Clock, type Intake, LineshaftError, Secret, type SystemDefinition, systemClock } from "@lineshaft/core";
import { type ConfigurationStatus, Gateway, type GatewayLimits } from "@lineshaft/gateway";
import { childOptions, tell } from "../../child.ts";
import { BROKEN_LINE, readCrew } from "./crew.ts";
import { SUMMARY, factOf } from "./readings.ts";

export interface PlantOptions {
  name: string;
  hub: string;
  /** Folder with ca.pem, gateway.pem, gateway.key, configuration.pem, and everything that the gateway keeps. */
  folder: string;
  /** Version that the program says to be. */
  program: string;
  /** The first reading that nobody acknowledged, and the last one of the round. */
  from: number;
  to: number;
  perSecond: number;
  /** How far its clock is wrong, in ms. */
  wrongMs: number;
  limits: Partial<GatewayLimits>;
  /** Ends itself as kill -9 does when it passes the point for the n-th time. */
  kill?: { point: string; hit: number };
  /** Acknowledges before anything is on disk. */
  broken?: boolean;
}

export interface PlantWord {
  /** All readings up to here are acknowledged to the source. */
  acknowledged: number;
  status: { facts: number; shed: number; holding: boolean; link: string; configuration: ConfigurationStatus };
  /** The source was turned away. */
  held: true;
  stopped: true;
}

/** What the campaign says. */
interface Said {
  stop?: true;
  spare?: true;
  wrongMs?: number;
  perSecond?: number;
}

const AT_ONCE = 10;
const STATUS_MS = 50;
/** A source that is turned away comes back after this, in ms. */
const HELD_MS = 100;

const options = childOptions() as PlantOptions;
let { wrongMs, perSecond, kill } = options;
let hits = 0;
/** The configuration may be changed in the middle of the work; the next line goes on where this one was. */
let next = options.from;
const clock: Clock = { ...systemClock, now: () => systemClock.now() + wrongMs };
const path = (name: string) => `${options.folder}/${name}`;

const gateway = await Gateway.start(
  {
    name: options.name,
    hub: options.hub,
    tls: { ca: path("ca.pem"), cert: path("gateway.pem"), key: Secret.file(path("gateway.key")) },
    buffer: path("buffer.db"),
    configured: readCrew((line) => ({ systems: [lineOf(line)], telemetry: [SUMMARY] })),
    configuration: { file: path("configuration.json"), key: path("configuration.pem") },
    limits: options.limits,
  },
  {
    clock,
    program: options.program,
    at: (point) => {
      if (point === kill?.point && ++hits === kill.hit) process.kill(process.pid, "SIGKILL");
    },
  },
);

const telling = setInterval(() => {
  const { buffer, link, configuration = {} } = gateway.status();
  const { facts, shed, holdingSince } = buffer;
  tell({ status: { facts, shed, holding: holdingSince !== undefined, link: link.state, configuration } });
}, STATUS_MS);

process.on("message", (said: Said) => {
  wrongMs = said.wrongMs ?? wrongMs;
  perSecond = said.perSecond ?? perSecond;
  if (said.spare === true) kill = undefined;
  if (said.stop !== true) return;
  clearInterval(telling);
  void gateway.stop().then(() => {
    tell({ stopped: true });
    process.disconnect();
  });
});
// Whoever started it is gone.
process.on("disconnect", () => process.exit());

function lineOf(name: string): SystemDefinition {
  return {
    name,
    connector: "campaign",
    open: () => {
      if (name === BROKEN_LINE) return Promise.reject(new Error("The line cannot be opened."));
      return Promise.resolve({
        targets: {},
        sources: { readings: { run } },
        check: () => Promise.resolve({ ok: true }),
        close: () => Promise.resolve(),
      });
    },
  };
}

async function run(intake: Intake, signal: AbortSignal): Promise<void> {
  intake.listening();
  while (!signal.aborted) {
    const last = Math.min(next + AT_ONCE - 1, options.to);
    if (next <= last && (await handOver(intake, next, last))) next = last + 1;
    else if (next <= last) await systemClock.sleep(HELD_MS);
    await systemClock.sleep((1_000 * AT_ONCE) / perSecond);
  }
}

/** False when the source has to hand some of them over again. */
async function handOver(intake: Intake, first: number, last: number): Promise<boolean> {
  const numbers = Array.from({ length: last - first + 1 }, (_, at) => first + at);
  const all = Promise.allSettled(numbers.map((n) => intake.record(factOf(n))));
  if (options.broken === true) tell({ acknowledged: last });
  const outcomes = await all;
  const failed = outcomes.findIndex(({ status }) => status === "rejected");
  if (failed > 0) tell({ acknowledged: first + failed - 1 });
  if (failed < 0) tell({ acknowledged: last });
  for (const outcome of outcomes) if (outcome.status === "rejected") mustBeHeld(outcome.reason);
  if (failed >= 0) {
    next = first + failed;
    tell({ held: true });
  }
  return failed < 0;
}

/** @throws what is no turning away */
function mustBeHeld(reason: unknown): void {
  const code = reason instanceof LineshaftError ? reason.code : undefined;
  if (code !== "intake-overloaded" && code !== "ledger-closed") throw reason;
}
