import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { equipmentEvent } from "@lineshaft/model";
import { FakeClock, seededRandom } from "@lineshaft/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type BufferedFact, FactBuffer } from "./index.ts";

let folder: string;
let path: string;
let clock: FakeClock;
let buffer: FactBuffer;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lineshaft-buffer-"));
  path = join(folder, "buffer.db");
  clock = new FakeClock();
  buffer = open();
});
afterEach(() => {
  buffer.close();
  rmSync(folder, { recursive: true });
});

function open(maxBytes = 64 * 1024 * 1024): FactBuffer {
  return new FactBuffer({ path, gateway: "hamburg", maxBytes, clock });
}

function aFact(n: number, over: Partial<BufferedFact> = {}): Omit<BufferedFact, "seq"> {
  const raw = JSON.stringify({ id: `n-${n}`, key: "k", n });
  return { telemetry: false, receivedTime: clock.now(), contract: "note.v1", raw, ...over };
}

const all = (from = 0) => buffer.read(from, { facts: 1_000_000, bytes: 1e12 });
const record = (from: number, to: number, over: Partial<BufferedFact> = {}) =>
  Promise.all(Array.from({ length: to - from + 1 }, (_, at) => buffer.record(aFact(from + at, over))));
const numbers = (facts: readonly BufferedFact[]) =>
  facts.map(({ raw }) => (JSON.parse(String(raw)) as { n: number }).n);

test("facts come back as they were handed over, in order, after the process was killed", async () => {
  const whole = aFact(1, {
    raw: Uint8Array.from([0, 255, 1]),
    id: "i",
    scope: "s",
    fields: { line: "4" },
    canonical: "{}",
    fault: "f",
    origin: "o",
    trace: "t",
    telemetry: true,
  });
  await buffer.record(whole);
  await record(2, 3);
  const copy = join(folder, "copy.db");
  for (const end of ["", "-wal"]) copyFileSync(`${path}${end}`, `${copy}${end}`);
  const other = new FactBuffer({ path: copy, gateway: "hamburg", maxBytes: 1e9, clock });
  const facts = other.read(0, { facts: 10, bytes: 1e6 });
  other.close();
  expect(facts[0]).toEqual({ seq: 1, ...whole });
  expect(numbers(facts.slice(1))).toEqual([2, 3]);
});

test("what waits together is written together", async () => {
  const before = statSync(`${path}-wal`).size;
  await record(1, 500);
  // Facts of a commit share its pages.
  expect(statSync(`${path}-wal`).size - before).toBeLessThan(500 * 400);
});

test("numbers are not used again when all that had them is confirmed", async () => {
  await record(1, 3);
  buffer.confirm(3);
  buffer.close();
  buffer = open();
  expect([buffer.facts, buffer.last, buffer.confirmed]).toEqual([0, 3, 3]);
  expect(await buffer.record(aFact(4))).toBe(4);
});

test("a batch ends at its limits, and holds at least one", async () => {
  await record(1, 10, { raw: "x".repeat(1_000) });
  expect(buffer.read(0, { facts: 4, bytes: 1e6 })).toHaveLength(4);
  expect(buffer.read(0, { facts: 10, bytes: 3_500 })).toHaveLength(3);
  expect(buffer.read(0, { facts: 10, bytes: 10 })).toHaveLength(1);
});

describe("when it is full", () => {
  const maxBytes = 2 * 1024 * 1024;
  const big = { raw: JSON.stringify({ n: 0, text: "x".repeat(1_000) }) };
  const telemetry = { ...big, telemetry: true };

  async function fill(over: Partial<BufferedFact>, groups = 40): Promise<number> {
    let taken = 0;
    for (let n = 0; n < groups; n++) {
      const outcomes = await Promise.allSettled(Array.from({ length: 100 }, () => buffer.record(aFact(n, over))));
      taken += outcomes.filter(({ status }) => status === "fulfilled").length;
      await clock.advance(1_000);
    }
    return taken;
  }

  beforeEach(() => {
    buffer.close();
    rmSync(path);
    buffer = open(maxBytes);
  });

  test("telemetry is shed, oldest first, and that is told by one fact as long as nobody has read it", async () => {
    expect(await fill(telemetry)).toBe(4_000);
    expect(buffer.bytes).toBeLessThanOrEqual(maxBytes);
    const facts = all();
    const gaps = facts.filter(({ contract }) => contract === "equipment-event.v1");
    expect(gaps).toHaveLength(1);
    const told: unknown = JSON.parse(String(gaps[0]?.raw));
    expect(equipmentEvent.check(told)).toEqual([]);
    expect(equipmentEvent.rules(told as never, () => undefined, clock.now())).toEqual([]);
    expect(told).toMatchObject({ kind: "gap", equipment: "hamburg", start: "2026-01-05T06:00:00.000Z", filled: false });
    expect((told as { description: string }).description).toContain(`${buffer.shed} telemetry facts`);
    expect(facts.length - 1 + buffer.shed).toBe(4_000);
    // The newest are the ones that are left.
    const left = facts.filter((fact) => fact.telemetry).map(({ seq }) => seq);
    expect(Math.max(...left)).toBe(buffer.last);
  });

  test("what was shed after that is told by a fact of its own", async () => {
    await fill(telemetry);
    all();
    await fill(telemetry, 20);
    // What was read to be sent is safe, so newer telemetry went.
    const gaps = all().filter(({ contract }) => contract === "equipment-event.v1");
    expect(gaps.length).toBeGreaterThanOrEqual(1);
    expect(buffer.bytes).toBeLessThanOrEqual(maxBytes);
  });

  test("business facts are never shed: their source is held back, and goes on when there is room", async () => {
    const taken = await fill(big);
    expect(taken).toBeLessThan(4_000);
    expect(buffer.facts).toBe(taken);
    expect(buffer.shed).toBe(0);
    await expect(buffer.record(aFact(1, big))).rejects.toMatchObject({ code: "intake-overloaded" });
    await expect(buffer.record(aFact(1, telemetry))).rejects.toMatchObject({ code: "intake-overloaded" });
    expect(buffer.bytes).toBeLessThanOrEqual(maxBytes);
    buffer.confirm(buffer.last);
    await expect(buffer.record(aFact(1, big))).resolves.toBeGreaterThan(0);
  });

  test("telemetry makes room for business facts, which all stay", async () => {
    await fill(telemetry, 10);
    const taken = await fill(big);
    const business = all().filter((fact) => !fact.telemetry && fact.contract === "note.v1");
    expect(business).toHaveLength(taken);
    expect(buffer.shed).toBe(1_000);
    buffer.close();
    buffer = open(maxBytes);
    expect(buffer.shed).toBe(1_000);
  });
});

describe("a power cut", () => {
  /** The newest part of the log is lost or torn; what was moved into the file stays. */
  test.each([1, 2, 3, 4, 5, 6, 7, 8])(
    "that tears the newest pages (%i) leaves whole commits, in order",
    async (seed) => {
      const random = seededRandom(seed);
      const sizes: number[] = [];
      for (let n = 0; n < 30; n++) {
        await record(n * 10 + 1, n * 10 + 10);
        sizes.push(statSync(`${path}-wal`).size);
      }
      const torn = join(folder, "torn.db");
      for (const end of ["", "-wal"]) copyFileSync(`${path}${end}`, `${torn}${end}`);
      const length = statSync(`${torn}-wal`).size;
      const cut = Math.floor(length * random());
      if (seed % 2 === 0) truncateSync(`${torn}-wal`, cut);
      else {
        const log = readFileSync(`${torn}-wal`);
        for (let at = cut; at < log.length; at++) log[at] = Math.floor(random() * 256);
        writeFileSync(`${torn}-wal`, log);
      }
      const other = new FactBuffer({ path: torn, gateway: "hamburg", maxBytes: 1e9, clock });
      const left = numbers(other.read(0, { facts: 1_000, bytes: 1e9 }));
      other.close();
      const whole = sizes.filter((size) => size <= cut).length;
      expect(left).toEqual(Array.from({ length: whole * 10 }, (_, at) => at + 1));
      expect(other.aside).toBeUndefined();
    },
  );
});

describe("a damaged file", () => {
  const damages: [string, (size: number) => void][] = [
    ["cut in its middle", (size) => truncateSync(path, Math.floor(size / 2))],
    ["emptied", () => truncateSync(path, 0)],
    [
      "overwritten in its middle",
      (size) => {
        const bytes = readFileSync(path);
        bytes.fill(0xa5, Math.floor(size / 2), Math.floor(size / 2) + 8_192);
        writeFileSync(path, bytes);
      },
    ],
    ["of something else", () => writeFileSync(path, "no database at all, but long enough to be looked at".repeat(100))],
  ];

  test.each(damages)("%s is set aside and told, and the gateway goes on", async (_what, damage) => {
    await record(1, 2_000);
    const { epoch } = buffer;
    buffer.close();
    damage(statSync(path).size);
    const damaged = readFileSync(path);
    buffer = open();
    const aside = buffer.aside;
    expect(aside).toBeDefined();
    expect(readFileSync(aside?.path ?? "").equals(damaged)).toBe(true);
    expect(buffer.epoch).not.toBe(epoch);
    const [told] = all();
    expect(equipmentEvent.check(JSON.parse(String(told?.raw)))).toEqual([]);
    expect(String(told?.raw)).toContain("was damaged");
    await record(1, 5);
    expect(buffer.facts).toBe(6);
  });
});

test("a buffer of a newer program is refused in a sentence, and left as it is", async () => {
  await record(1, 3);
  buffer.close();
  const db = new DatabaseSync(path);
  db.exec("pragma user_version = 99");
  db.close();
  const before = readFileSync(path);
  expect(() => open()).toThrow("is of version 99, and this Lineshaft knows versions up to 1; nothing was changed.");
  expect(readFileSync(path).equals(before)).toBe(true);
  expect(readdirSync(folder).filter((name) => name.includes("damaged"))).toEqual([]);
  const again = new DatabaseSync(path);
  again.exec("pragma user_version = 1");
  again.close();
  buffer = open();
  expect(buffer.facts).toBe(3);
});

test("two processes cannot work on one buffer", () => {
  expect(() => open()).toThrow("Another process works on the gateway's buffer");
});

test("a crash while the file is made leaves none, and the next start makes it", () => {
  buffer.close();
  rmSync(path);
  writeFileSync(`${path}.making`, "half");
  buffer = open();
  expect(buffer.aside).toBeUndefined();
  expect(existsSync(`${path}.making`)).toBe(false);
});
