import { statfs } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { type System, type SystemDefinition, silentLog, systemClock } from "@lineshaft/core";
import type { HubDefinition } from "@lineshaft/engine";
import { tell } from "./error-text.ts";
import { counted, showBytes, showDuration, showTime } from "./times.ts";

export interface Diagnosis {
  area: "node" | "clock" | "disk" | "ledger" | "system";
  ok: boolean;
  /** What was found, as a sentence. */
  what: string;
  next?: string;
}

/** Less free space than this is told as a problem: a day of facts of a busy plant. */
const FREE_BYTES = 1_000_000_000;
/** Longest wait for one system. */
const SYSTEM_MS = 20_000;
/** Event times this far ahead of this machine's clock mean that one of both is wrong. */
const AHEAD_MS = 120_000;

/** Looks at everything a hub needs, changes nothing, and works beside a running hub. */
export async function diagnose(definition: HubDefinition, progress: (line: string) => void): Promise<Diagnosis[]> {
  const near = [nodeVersion(), await ledgerOpens(definition), await diskSpace(definition), await clockHint(definition)];
  progress(`Asking ${counted(definition.systems.length, "system")} …`);
  const systems = await Promise.all(definition.systems.map(systemAnswers));
  return [...near, ...systems].filter((found) => found !== undefined);
}

function nodeVersion(): Diagnosis {
  return {
    area: "node",
    ok: true,
    what: `Node ${process.versions.node}, SQLite ${process.versions["sqlite"] ?? "unknown"}.`,
  };
}

async function ledgerOpens({ ledger }: HubDefinition): Promise<Diagnosis> {
  try {
    await using opened = await ledger.open({ clock: systemClock, readOnly: true });
    const { messages, commits } = await opened.totals();
    return {
      area: "ledger",
      ok: true,
      what: `The ledger ${ledger.location} opens: ${counted(messages, "message")} in ${counted(commits, "commit")}.`,
    };
  } catch (error) {
    const { code, message, next } = tell(error);
    if (code === "not-found")
      return {
        area: "ledger",
        ok: true,
        what: `There is no ledger at ${ledger.location} yet; the hub makes it at its first start.`,
      };
    return { area: "ledger", ok: false, what: message, next };
  }
}

async function diskSpace({ ledger }: HubDefinition): Promise<Diagnosis | undefined> {
  if (ledger.engine !== "sqlite") return undefined;
  for (let folder = dirname(resolve(ledger.location)); ; folder = dirname(folder)) {
    try {
      const { bavail, bsize } = await statfs(folder);
      const free = bavail * bsize;
      const what = `${showBytes(free)} free where the ledger is (${folder}).`;
      return free >= FREE_BYTES
        ? { area: "disk", ok: true, what }
        : {
            area: "disk",
            ok: false,
            what,
            next: "Make room: when the disk is full, the hub refuses facts until there is space again.",
          };
    } catch (error) {
      // The folder is made at the first start; the one above it tells as well.
      if ((error as NodeJS.ErrnoException).code !== "ENOENT" || folder === dirname(folder)) throw error;
    }
  }
}

/** Times of the last facts show a clock that is wrong here or there. */
async function clockHint({ ledger }: HubDefinition): Promise<Diagnosis> {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const fine: Diagnosis = { area: "clock", ok: true, what: `It is ${showTime(Date.now())} here (${zone}).` };
  try {
    await using opened = await ledger.open({ clock: systemClock, readOnly: true });
    const [newest] = await opened.messages({ limit: 1, newestFirst: true });
    if (newest === undefined) return fine;
    const now = Date.now();
    if (newest.receivedTime > now + AHEAD_MS)
      return {
        area: "clock",
        ok: false,
        what: `The newest message was received at ${showTime(newest.receivedTime)}, which is ${showDuration(newest.receivedTime - now)} ahead of this machine's clock.`,
        next: "Set the clock by NTP; waits of the hub end later than meant until then.",
      };
    if (newest.eventTime > newest.receivedTime + AHEAD_MS)
      return {
        area: "clock",
        ok: false,
        what: `${newest.source} dated its newest fact ${showDuration(newest.eventTime - newest.receivedTime)} ahead of its arrival.`,
        next: `Compare the clock of ${newest.source} with this machine's.`,
      };
    return fine;
  } catch (error) {
    // Whether the ledger opens is told by its own line.
    return { ...fine, what: `${fine.what} Not compared with the ledger: ${tell(error).message}` };
  }
}

async function systemAnswers(definition: SystemDefinition): Promise<Diagnosis> {
  const area = "system";
  let system: System | undefined;
  try {
    system = await definition.open({ clock: systemClock, random: Math.random, log: silentLog });
    const health = await system.check(AbortSignal.timeout(SYSTEM_MS));
    if (!health.ok) return { area, ok: false, what: `${definition.name}: ${health.message}`, next: health.next };
    const facts = [health.version, health.detail].filter(Boolean).join(", ");
    return {
      area,
      ok: true,
      what: `${definition.name} (${definition.connector}) answers${facts ? `: ${facts}` : ""}.`,
    };
  } catch (error) {
    const { message, next } = tell(error);
    return { area, ok: false, what: `${definition.name}: ${message}`, next };
  } finally {
    await system?.close();
  }
}
