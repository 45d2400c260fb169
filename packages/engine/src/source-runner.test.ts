import { expect, test } from "vitest";
import type { Source } from "@lineshaft/core";
import { MemorySystem, type Note, note, settled } from "@lineshaft/testing";
import { flow } from "./index.ts";
import { HubBed } from "./testing/hub-bed.ts";

function aBed(source: Source) {
  const odoo = new MemorySystem<Note>("odoo");
  const mes = new MemorySystem("mes", undefined, { sourcesOf: () => ({ intake: source }) });
  const flows = [flow("notes", note).to(odoo.operation, (n) => n)];
  return { odoo, bed: new HubBed({ systems: [odoo.definition, mes.definition], flows }) };
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

test("a hub is ready when its sources take facts, not before", async () => {
  let subscribe = () => {};
  const source: Source = {
    run: async (intake, signal) => {
      await new Promise<void>((resolve) => (subscribe = resolve));
      intake.listening();
      await untilAborted(signal);
    },
  };
  const { bed } = aBed(source);
  await using _ = bed;
  const starting = bed.start();
  const states: unknown[] = [];
  for (let i = 0; i < 50 && bed.hub === undefined; i++) await settled(1);
  await settled(20);
  states.push(bed.hub?.status().ready, bed.hub?.status().systems[1]?.sources[0]?.state);
  subscribe();
  await starting;
  states.push(bed.hub?.status().ready, bed.hub?.status().systems[1]?.sources[0]?.state);
  expect(states).toEqual([false, "connecting", true, "running"]);
});

test("a source that fails is begun again with growing waits, and holds up nobody", async () => {
  let begun = 0;
  const source: Source = {
    run: async (intake, signal) => {
      begun++;
      if (begun < 4) throw new Error("the broker is gone");
      intake.listening();
      await intake.record({ contract: "note.v1", raw: '{"id":"a","key":"k"}' });
      await untilAborted(signal);
    },
  };
  const { odoo, bed } = aBed(source);
  await using _ = bed;
  const hub = await bed.start();
  expect(hub.status().systems[1]?.sources[0]).toMatchObject({ state: "waiting", message: "the broker is gone" });
  for (let i = 0; i < 20; i++) await bed.clock.advance(1_000);
  expect(begun).toBe(4);
  await bed.until("done");
  expect(odoo.effects).toHaveLength(1);
  expect(hub.status().systems[1]?.sources[0]).toMatchObject({ state: "running", facts: 1 });
});
