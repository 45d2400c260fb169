import { silentLog } from "@lineshaft/core";
import { FakeClock, settled } from "@lineshaft/testing";
import { noProperties } from "../../properties.ts";
import { SparkplugHost } from "../../sparkplug/host.ts";
import { DEVICE_BIRTH_MS, REBIRTH_PACE, REORDER_MS, SPARKPLUG_LIMITS } from "../../sparkplug/options.ts";
import type { SparkplugLimits } from "../../sparkplug/options.ts";
import type { RebirthPace } from "../../sparkplug/rebirth-requests.ts";
import { TagOutbox } from "../../sparkplug/tag-outbox.ts";
import type { Message } from "./edge.ts";
import { RecordingTags } from "./recording-tags.ts";

export interface HostBed {
  host: SparkplugHost;
  clock: FakeClock;
  tags: RecordingTags;
  warnings: string[];
  /** Edge nodes that were asked for a rebirth, `group/node at ms since the start`. */
  rebirths: string[];
  readonly hear: (...messages: Message[]) => Promise<void>;
  readonly connect: () => void;
  readonly loseConnection: () => Promise<void>;
}

export interface HostBedOptions {
  reorderMs?: number;
  deviceBirthMs?: number;
  rebirth?: Partial<RebirthPace>;
  limits?: Partial<SparkplugLimits>;
  random?: () => number;
}

/** A host without a broker, on a clock that stands still. Rebirths are asked for without jitter unless a test wants it. */
export function openHostBed({ random = () => 0, rebirth, limits, ...rest }: HostBedOptions = {}): HostBed {
  const clock = new FakeClock();
  const start = clock.now();
  const warnings: string[] = [];
  const rebirths: string[] = [];
  const tags = new RecordingTags();
  const host = new SparkplugHost(
    {
      reorderMs: REORDER_MS,
      deviceBirthMs: DEVICE_BIRTH_MS,
      ...rest,
      rebirth: { ...REBIRTH_PACE, ...rebirth },
      limits: { ...SPARKPLUG_LIMITS, ...limits },
    },
    { clock, random, log: { ...silentLog, warn: (message) => void warnings.push(message) } },
  );
  const connect = () => {
    host.begin(new TagOutbox(tags, SPARKPLUG_LIMITS.changesAtOnce));
    host.connected(({ group, node }) => void rebirths.push(`${group}/${node} at ${clock.now() - start}`));
  };
  connect();
  return {
    host,
    clock,
    tags,
    warnings,
    rebirths,
    connect,
    async hear(...messages) {
      for (const { topic, payload } of messages) {
        host.receive({ kind: "publish", qos: 0, retain: false, cut: false, properties: noProperties, topic, payload });
      }
      // Requests that are due at once are timers too.
      await clock.advance(0);
      await settled();
    },
    async loseConnection() {
      host.lost(clock.now());
      await settled();
    },
  };
}
