import type { FactsFromTags, TagSource } from "@lineshaft/core";
import { silentLog } from "@lineshaft/core";
import { FakeClock, TagRecorder, seededRandom } from "@lineshaft/testing";
import { modbus } from "../modbus.ts";
import type { ModbusOptions } from "../options.ts";

/** A reader of a device on a clock that stands still, and its tags without any facts made of them. */
export async function openReader(options: Omit<ModbusOptions, "name" | "host" | "facts">) {
  let tags: TagSource | undefined;
  const facts: FactsFromTags = (source) => {
    tags = source;
    return { run: async () => undefined };
  };
  const clock = new FakeClock();
  const definition = modbus({ name: "press-04", host: "127.0.0.1", facts, ...options });
  const system = await definition.open({ clock, random: seededRandom(1), log: silentLog });
  if (tags === undefined) throw new Error("facts was not called");
  return { clock, system, definition, tags, ...running(tags) };
}

function running(tags: TagSource) {
  const observer = new TagRecorder();
  const stop = new AbortController();
  let ended: Promise<unknown> | undefined;
  return {
    observer,
    /** Begins a run; what it throws is its result. */
    run: () => (ended = tags.run(observer, stop.signal).catch((error: unknown) => error)),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await ended;
    },
  };
}
