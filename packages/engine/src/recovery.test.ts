import { expect, test } from "vitest";
import type { CommitGroup, Ledger } from "@lineshaft/core";
import { MemorySystem, note, settled } from "@lineshaft/testing";
import { flow } from "./index.ts";
import { HubBed } from "./testing/hub-bed.ts";

interface Applied {
  n: number | undefined;
}

function aBed(repeat: "repeatable" | "lookup") {
  const odoo = new MemorySystem<Applied>("odoo", { repeat, settleMs: 1_000 });
  return {
    odoo,
    bed: new HubBed({
      systems: [odoo.definition],
      flows: [flow("notes", note, { owner: "ana" }).to(odoo.operation, (n) => ({ n: n.n }))],
    }),
  };
}

/** Dies at a named point: the commit that matches is done or not, and nothing after it reaches the ledger. */
function dyingAt(when: (group: CommitGroup) => boolean, point: "before" | "after") {
  return (ledger: Ledger): Ledger => {
    let dead = false;
    const never = () => new Promise<never>(() => {});
    const commit: Ledger["commit"] = async (group) => {
      if (dead) return never();
      if (!when(group)) return ledger.commit(group);
      dead = true;
      if (point === "after") await ledger.commit(group);
      return never();
    };
    return new Proxy(ledger, { get: (target, name) => (name === "commit" ? commit : bound(target, name)) });
  };
}

function bound(target: Ledger, name: string | symbol): unknown {
  const value: unknown = Reflect.get(target, name, target);
  return typeof value === "function" ? value.bind(target) : value;
}

const beginning = (group: CommitGroup) => group.settlements?.some((s) => s.to === "sending") ?? false;
const finishing = (group: CommitGroup) => group.settlements?.some((s) => s.to === "done") ?? false;
const accepting = (group: CommitGroup) => (group.messages?.length ?? 0) > 0;

for (const repeat of ["repeatable", "lookup"] as const)
  for (const [name, when] of Object.entries({ accepting, beginning, finishing }))
    for (const point of ["before", "after"] as const)
      test(`a crash ${point} the commit of ${name} neither loses nor doubles an effect (${repeat})`, async () => {
        const { odoo, bed } = aBed(repeat);
        await using _ = bed;
        await bed.start(dyingAt(when, point));
        const receipt = bed.record({ id: "a", key: "MO-7", n: 1 });
        await settled(30);
        await bed.crash();
        await bed.start();
        // A source that got no receipt sends again; one that got it does not.
        const told = name === "accepting" ? bed.record({ id: "a", key: "MO-7", n: 1 }) : receipt;
        expect((await told).kind).toBe(name === "accepting" && point === "after" ? "duplicate" : "accepted");
        for (let i = 0; i < 5; i++) await bed.clock.advance(1_000);
        await bed.until("done");
        expect(odoo.effects.map((e) => e.value.n)).toEqual([1]);
        expect((await bed.ledger.verifyAudit()).problem).toBeUndefined();
      });

test("a request that was on the wire at the crash is looked up, not sent again", async () => {
  const { odoo, bed } = aBed("lookup");
  await using _ = bed;
  odoo.hold = () => new Promise(() => {});
  await bed.start();
  await bed.record({ id: "a", key: "MO-7", n: 1 });
  await bed.until("sending");
  const [item] = odoo.calls[0] ?? [];
  if (item !== undefined) odoo.effects.push({ token: item.token, key: item.key, value: item.value });
  await bed.crash();
  odoo.hold = () => undefined;
  await bed.start();
  await bed.clock.advance(2_000);
  await bed.until("done");
  expect([odoo.calls.length, odoo.lookups.length, odoo.effects.length]).toEqual([1, 1, 1]);
});

test("a delivery in hand at three crashes is parked, and the others go on", async () => {
  const { odoo, bed } = aBed("repeatable");
  await using _ = bed;
  odoo.hold = () => (odoo.calls.at(-1)?.some((i) => i.value.n === 1) === true ? new Promise(() => {}) : undefined);
  await bed.start();
  await bed.record({ id: "a", key: "MO-7", n: 1 });
  for (let crash = 0; crash < 3; crash++) {
    await bed.until("sending");
    await bed.crash();
    await bed.start();
    await settled(30);
  }
  await bed.record({ id: "b", key: "MO-8", n: 2 });
  await bed.until("parked", "done");
  const [parked] = await bed.ledger.deliveries({ states: ["parked"], limit: 1 });
  expect(parked?.parking).toMatchObject({ reason: "poison", owner: "ana" });
  expect((await bed.ledger.attempts(parked?.id ?? 0)).map((a) => a.outcome)).toEqual(["crashed", "crashed", "crashed"]);
});

test("after two crashes in a row, a mapping that kills the process is caught with its delivery in hand", async () => {
  const odoo = new MemorySystem<Applied>("odoo");
  let deadly = true;
  const bed = new HubBed({
    systems: [odoo.definition],
    flows: [
      flow("notes", note).to(odoo.operation, (n) => {
        // Stands in for a process that dies in here: it never comes back.
        return n.n === 1 && deadly ? new Promise<{ n: number }>(() => {}) : { n: n.n };
      }),
    ],
  });
  await using _ = bed;
  await bed.start();
  await bed.record({ id: "a", key: "MO-7", n: 1 });
  await bed.record({ id: "b", key: "MO-8", n: 2 });
  let crashes = 0;
  for (; crashes < 8; crashes++) {
    await settled(30);
    if ((await bed.states())["a→odoo"] === "parked") break;
    await bed.crash();
    await bed.start();
  }
  expect(crashes).toBeLessThanOrEqual(6);
  deadly = false;
  await bed.until("parked", "done");
  expect(odoo.effects.map((e) => e.value.n)).toEqual([2]);
});

test("a stop finishes what is in hand and takes nothing new", async () => {
  const { odoo, bed } = aBed("lookup");
  await using _ = bed;
  const releases: (() => void)[] = [];
  odoo.hold = () => new Promise((resolve) => releases.push(resolve));
  const hub = await bed.start();
  for (let n = 0; n < 90; n++) await bed.record({ id: `f-${n}`, key: `MO-${n}`, n });
  await settled(20);
  const calls = odoo.calls.length;
  const stopped = hub.stop();
  expect(hub.status().ready).toBe(false);
  await settled(20);
  for (const release of releases) release();
  await stopped;
  expect(odoo.calls).toHaveLength(calls);
  odoo.hold = () => undefined;
  await bed.start();
  await bed.until("done");
  expect(odoo.effects).toHaveLength(90);
  expect(odoo.lookups).toHaveLength(0);
});

test("what cannot be stored is not acknowledged, and what was done is stored when there is room again", async () => {
  const { odoo, bed } = aBed("lookup");
  await using _ = bed;
  let full = false;
  const commit =
    (ledger: Ledger): Ledger["commit"] =>
    (group) =>
      full ? Promise.reject(Object.assign(new Error("disk full"), { code: "ledger-full" })) : ledger.commit(group);
  const hub = await bed.start(
    (ledger) => new Proxy(ledger, { get: (t, name) => (name === "commit" ? commit(t) : bound(t, name)) }),
  );
  let release = () => {};
  odoo.hold = () => new Promise((resolve) => (release = resolve));
  await bed.record({ id: "a", key: "MO-7", n: 1 });
  await bed.until("sending");
  await settled();
  full = true;
  release();
  await expect(bed.record({ id: "b", key: "MO-8", n: 2 })).rejects.toThrow("could not store");
  expect(hub.status()).toMatchObject({ ready: false });
  full = false;
  await bed.clock.advance(1_000);
  await bed.until("done");
  expect(odoo.effects).toHaveLength(1);
  expect(hub.status().ready).toBe(true);
});

test("a stop ends although the ledger stores nothing any more, and what was in hand is looked up at the next start", async () => {
  const { odoo, bed } = aBed("lookup");
  await using _ = bed;
  let gone = false;
  const hub = await bed.start((ledger) => {
    const commit: Ledger["commit"] = (group) =>
      gone ? Promise.reject(new Error("no answer")) : ledger.commit(group).finally(() => (gone ||= beginning(group)));
    return new Proxy(ledger, { get: (target, name) => (name === "commit" ? commit : bound(target, name)) });
  });
  await bed.record({ id: "a", key: "MO-7", n: 1 });
  await settled(30);
  expect(odoo.effects).toHaveLength(1);
  const stopped = hub.stop();
  await bed.clock.advance(34_000);
  expect(await Promise.race([stopped.then(() => "stopped"), settled().then(() => "waits")])).toBe("waits");
  await bed.clock.advance(2_000);
  await stopped;
  bed.hub = undefined;
  await bed.start();
  await bed.clock.advance(2_000);
  await bed.until("done");
  expect(odoo.effects).toHaveLength(1);
  expect(odoo.lookups).toHaveLength(1);
});
