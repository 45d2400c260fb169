import { join } from "node:path";
import { backupSqliteLedger, restoreSqliteLedger } from "@lineshaft/ledger-sqlite";
import { MemorySystem, eventually, level, note } from "@lineshaft/testing";
import { expect, test } from "vitest";
import { confirm, flow } from "./index.ts";
import { HubBed } from "./testing/hub-bed.ts";

interface Applied {
  id?: string;
  version?: string;
}

const SETTLE_MS = 900_000;

function aBed() {
  const lookedUp = new MemorySystem<Applied>("s4", { repeat: "lookup", settleMs: 1_000 });
  const repeatable = new MemorySystem<Applied>("odoo");
  const flows = [
    flow("notes", note, { owner: "production control" })
      .to(lookedUp.operation, ({ id }) => ({ id }))
      .to(repeatable.operation, ({ id }) => ({ id })),
    flow("levels", level).to(repeatable.operation, ({ version }) => ({ version })),
  ];
  return { lookedUp, repeatable, bed: new HubBed({ systems: [lookedUp.definition, repeatable.definition], flows }) };
}

/** Goes back to the backup, as after the loss of everything since. */
async function lose(bed: HubBed): Promise<void> {
  await bed.stop();
  await restoreSqliteLedger({
    from: join(bed.folder, "backup.db"),
    path: bed.path,
    replace: true,
    clock: bed.clock,
    who: "ana",
    why: "the disk died",
  });
  await bed.start();
}

const backup = (bed: HubBed) => backupSqliteLedger({ path: bed.path, to: join(bed.folder, "backup.db") });
const effects = (...systems: MemorySystem<Applied>[]) =>
  systems.reduce((sum, system) => sum + system.effects.length, 0);

test("what was open in the backup and delivered after it is found after the restore, and has one effect", async () => {
  const { lookedUp, repeatable, bed } = aBed();
  await using _ = bed;
  await bed.start();
  lookedUp.down = repeatable.down = true;
  await bed.record({ id: "a", key: "MO-1" });
  await bed.record({ id: "b", key: "MO-1" });
  await backup(bed);
  lookedUp.down = repeatable.down = false;
  await bed.clock.advance(600_000);
  await bed.until("done");
  expect(effects(lookedUp, repeatable)).toBe(4);
  await lose(bed);
  expect(new Set(Object.values(await bed.states()))).toEqual(new Set(["checking"]));
  const lookups = lookedUp.lookups.length;
  await bed.clock.advance(SETTLE_MS - 1_000);
  expect(lookedUp.lookups).toHaveLength(lookups);
  await bed.clock.advance(2_000);
  await bed.until("done");
  expect(lookedUp.lookups.length).toBeGreaterThan(lookups);
  expect(effects(lookedUp, repeatable)).toBe(4);
});

test("what was open in the backup and never delivered is looked up, and then sent", async () => {
  const { lookedUp, repeatable, bed } = aBed();
  await using _ = bed;
  await bed.start();
  lookedUp.down = repeatable.down = true;
  await bed.record({ id: "a", key: "MO-1" });
  await backup(bed);
  await lose(bed);
  lookedUp.down = repeatable.down = false;
  await bed.clock.advance(SETTLE_MS + 600_000);
  await bed.until("done");
  expect([lookedUp.effects.length, repeatable.effects.length]).toEqual([1, 1]);
});

test("a fact accepted after the restore is never taken for one that was lost", async () => {
  const { lookedUp, repeatable, bed } = aBed();
  await using _ = bed;
  await bed.start();
  await bed.record({ id: "a", key: "MO-1" });
  await bed.until("done");
  await backup(bed);
  await bed.record({ id: "lost 1", key: "MO-2" });
  await bed.record({ id: "lost 2", key: "MO-2" });
  await bed.until("done");
  await lose(bed);
  await bed.record({ id: "new", key: "MO-3" });
  await bed.until("done");
  const reached = (system: MemorySystem<Applied>) => system.effects.map((e) => e.value);
  const all = [{ id: "a" }, { id: "lost 1" }, { id: "lost 2" }, { id: "new" }];
  expect([reached(lookedUp), reached(repeatable)]).toEqual([all, all]);
});

test("a version that may have been overtaken since is parked, and does not take the object back", async () => {
  const { repeatable, bed } = aBed();
  await using _ = bed;
  await bed.start();
  const report = (version: string) =>
    bed.intake.record({
      contract: "level.v1",
      raw: JSON.stringify({ id: `l-${version}`, object: "tank-1", version, level: 5 }),
    });
  repeatable.down = true;
  await report("1");
  // Not in hand any more: only what waits is made moot by a newer version.
  const tried = async () => {
    const [first] = await bed.ledger.deliveries({ states: ["pending"], limit: 1 });
    return first !== undefined && (await bed.ledger.attempts(first.id)).length > 0;
  };
  await eventually("the first was tried", tried);
  await backup(bed);
  await report("2");
  repeatable.down = false;
  await bed.clock.advance(600_000);
  await bed.until("done", "superseded");
  await lose(bed);
  await bed.clock.advance(SETTLE_MS + 600_000);
  await bed.until("parked", "done", "superseded");
  expect(repeatable.effects.map((e) => e.value)).toEqual([{ version: "2" }]);
  const [parked] = await bed.ledger.deliveries({ states: ["parked"], limit: 10 });
  expect(parked?.parking?.reason).toBe("restored");
});

test("what was parked in the backup stays parked, with the advice to look first", async () => {
  const { lookedUp, bed } = aBed();
  await using _ = bed;
  await bed.start();
  lookedUp.before = () => ({ kind: "rejected", reason: "unknown", message: "No such order.", next: "Correct it." });
  await bed.record({ id: "a", key: "MO-1" });
  await bed.until("done", "parked");
  await backup(bed);
  const [before] = await bed.ledger.deliveries({ states: ["parked"], limit: 1 });
  await confirm(bed.ledger, { delivery: before?.id ?? 0, receipt: "4711", who: "ana", why: "booked by hand", at: 1 });
  await lose(bed);
  await bed.clock.advance(SETTLE_MS + 600_000);
  const [after] = await bed.ledger.deliveries({ states: ["parked"], limit: 1 });
  expect(after?.parking?.message).toMatch(/^This ledger was restored from a backup of .* No such order\.$/);
  expect(after?.parking?.next).toContain("Look first whether it stands");
});
