import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "@lineshaft/core";
import type { LedgerDefinition } from "@lineshaft/engine";
import { seededRandom } from "@lineshaft/testing";
import { pause } from "../pause.ts";
import { freePort } from "@lineshaft/testing/free-port";
import { FactPlan } from "./fact-plan.ts";
import { buildFsyncShim } from "./fsync-shim.ts";
import type { LedgerPlace } from "./hub-options.ts";
import { HubRunner } from "./hub-runner.ts";
import { checkInvariants } from "./invariants.ts";
import { ledgerAt } from "./ledger-place.ts";
import type { Peer } from "./peer.ts";
import { Acknowledged, HttpSender } from "./senders.ts";
import { Standing } from "./standing.ts";
import type { Violations } from "./violations.ts";

export interface DiskFaultOptions {
  print: (line: string) => void;
  violations: Violations;
  peer: Peer;
  folder: string;
}

/** Room for the log of a few hundred facts, which takes pages for each small commit. */
const DISK_BYTES = 24 * 1024 * 1024;
const BALLAST_BYTES = 12 * 1024 * 1024;
/** Facts after which the small disk must surely be full. */
const MOST_FACTS = 20_000;
/** The hub must accept again within this once there is room, in ms, and have settled everything within that. */
const RECOVERY_MS = 15_000;
const SETTLED_MS = 60_000;
const AT_ONCE = 8;
const FEW = 40;

/** A disk that fills up and has room again; then one that fails to sync and recovers. */
export async function runDiskFaults(options: DiskFaultOptions): Promise<void> {
  await onSmallDisk(options);
  await withFailingSync(options);
}

async function onSmallDisk(options: DiskFaultOptions): Promise<void> {
  const { print, folder } = options;
  const disk = join(folder, "small-disk");
  mkdirSync(disk);
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${DISK_BYTES}`, "tmpfs", disk]);
  if (mounted.status !== 0) {
    print(`skipped: a full disk needs the right to mount a tmpfs (${String(mounted.error ?? mounted.stderr).trim()})`);
    return;
  }
  try {
    const ballast = join(disk, "ballast");
    writeFileSync(ballast, Buffer.alloc(BALLAST_BYTES));
    await tryDisk(options, {
      name: "full disk",
      ledger: { kind: "sqlite", path: join(disk, "ledger.db") },
      codes: ["ledger-full"],
      roomForFew: true,
      mend: () => rmSync(ballast),
    });
  } finally {
    spawnSync("umount", [disk]);
  }
}

async function withFailingSync(options: DiskFaultOptions): Promise<void> {
  const { print, folder } = options;
  const shim = buildFsyncShim(folder);
  if ("missing" in shim) {
    print(`skipped: failing fsync needs ${shim.missing}`);
    return;
  }
  const flag = join(folder, "fsync-fails");
  const environment = shim.environment(flag);
  const spoil = () => writeFileSync(flag, "");
  await tryDisk(options, {
    name: "failing fsync",
    ledger: { kind: "sqlite", path: join(folder, "unsynced.db") },
    codes: ["ledger-io"],
    environment,
    spoil,
    mend: () => rmSync(flag),
  });
}

export interface DiskTrial {
  name: string;
  ledger: LedgerPlace;
  /** What a refused sender may be told. */
  codes: readonly string[];
  environment?: Readonly<Record<string, string>>;
  /** Breaks the disk; without it, it fills up by itself. */
  spoil?: () => void;
  /** A full disk may have room for a last small commit; a failing one has none. */
  roomForFew?: boolean;
  mend: () => void | Promise<void>;
}

/** Facts until the disk refuses them, then after it was mended, then a crash: what was acknowledged must stand, and nothing else. */
export async function tryDisk(
  { print, violations, peer }: Omit<DiskFaultOptions, "folder">,
  trial: DiskTrial,
): Promise<void> {
  const { name, codes } = trial;
  const ledger = ledgerAt(trial.ledger);
  const before = violations.found.length;
  await peer.reset(1, violations);
  const httpPort = await freePort();
  const hub = new HubRunner({ ledger: trial.ledger, httpPort, targets: { kind: "peer", url: peer.url } }, violations, {
    environment: trial.environment ?? {},
  });
  const told = new Acknowledged();
  const sender = new HttpSender([`http://127.0.0.1:${httpPort}`], told, violations);
  const plan = new FactPlan({
    random: seededRandom(1),
    orders: ["MO-1", "MO-2", "MO-3"],
    prefix: name.replace(" ", "-"),
    mqtt: false,
    troubled: false,
  });
  try {
    await hub.start();
    await sendSome(sender, plan, FEW);
    trial.spoil?.();
    const refused = await sendUntilRefused(sender, plan);
    if (!codes.includes(refused?.code ?? ""))
      violations.add(
        `${name}: the sender was told ${refused === undefined ? "nothing" : JSON.stringify(refused)} instead of ${codes.join(" or ")}.`,
      );
    if (!hub.running) violations.add(`${name}: the hub ended.`);
    const accepted = told.accepted.size;
    await sendSome(sender, plan, AT_ONCE, true);
    if (trial.roomForFew !== true && told.accepted.size > accepted)
      violations.add(`${name}: ${told.accepted.size - accepted} facts were acknowledged that cannot be on disk.`);
    await trial.mend();
    await recover(name, sender, plan, violations);
    await hub.kill();
    await hub.start();
    await untilSettled(ledger);
    await hub.stop();
    await using reading = await ledger.open({ clock: systemClock, readOnly: true });
    await checkInvariants({
      ledger: reading,
      facts: plan.facts,
      told,
      standing: new Standing(await peer.effects()),
      violations,
    });
    print(
      `${name}: refused with ${refused?.code ?? "nothing"} after ${accepted} facts, accepted again when mended, ` +
        `${told.accepted.size} in all, ${violations.found.length - before} violations`,
    );
  } finally {
    await sender.close();
    await hub.kill();
  }
}

async function sendSome(sender: HttpSender, plan: FactPlan, count: number, once = false): Promise<void> {
  const facts = Array.from({ length: count }, () => plan.next());
  const signal = AbortSignal.timeout(RECOVERY_MS);
  await Promise.all(facts.map((fact) => (once ? sender.sendOnce(fact) : sender.send(fact, signal))));
}

async function sendUntilRefused(
  sender: HttpSender,
  plan: FactPlan,
): Promise<{ status: number; code: string } | undefined> {
  while (plan.facts.length < MOST_FACTS) {
    const answers = await Promise.all(Array.from({ length: AT_ONCE }, () => sender.sendOnce(plan.next())));
    const refused = answers.find((answer) => answer !== undefined && answer.status >= 500);
    if (refused !== undefined) return refused;
  }
  return undefined;
}

/** Sends everything that has no answer yet. */
async function recover(name: string, sender: HttpSender, plan: FactPlan, violations: Violations): Promise<void> {
  const signal = AbortSignal.timeout(RECOVERY_MS);
  await Promise.all(plan.facts.slice(-AT_ONCE * 3).map((fact) => sender.send(fact, signal)));
  if (signal.aborted)
    violations.add(`${name}: the hub does not accept facts ${RECOVERY_MS} ms after the disk was mended.`);
}

async function untilSettled(definition: LedgerDefinition): Promise<void> {
  const end = performance.now() + SETTLED_MS;
  while (performance.now() < end) {
    await using ledger = await definition.open({ clock: systemClock, readOnly: true });
    const open = await ledger.counts({ open: true });
    if (open.every(({ count }) => count === 0)) return;
    await pause(200);
  }
}
