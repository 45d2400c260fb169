import { type StoredMessage, systemClock } from "@lineshaft/core";
import { openSqliteLedger } from "@lineshaft/ledger-sqlite";
import type { Violations } from "../violations.ts";
import { GATEWAY, type Ground } from "./ground.ts";
import { isSummary, readingOf } from "./readings.ts";

/** What each round of the campaign is held to, for people. */
export const GATEWAY_INVARIANTS = [
  "every acknowledged confirmation is at the hub, as the source made it, with its own time",
  "every acknowledged summary is at the hub, or was shed and told by a fact",
  "nothing stands at the hub twice, and nothing that no source told",
  "for each key, facts stand in the order of their source",
  "no gap is told that is none",
  "the gateway runs the configuration that was published last, if it can be run, and otherwise the last one that could",
  "once all is well again, nothing waits any more",
] as const;

interface Counted {
  messages: number;
  shed: number;
  duplicates: number;
}

const PAGE = 5_000;

/** Goes over the hub's ledger when both sides have stopped. `damaged`: the buffer was, so that what it held may be missing if that is told. */
export async function checkReadings(
  ground: Ground,
  { acknowledged, violations, damaged }: { acknowledged: number; violations: Violations; damaged: boolean },
): Promise<Counted> {
  await using ledger = await openSqliteLedger({ path: ground.ledger, readOnly: true });
  const seen = new Set<number>();
  const newest = new Map<string, number>();
  const gaps: string[] = [];
  let [afterId, messages] = [0, 0];
  for (;;) {
    const page = await ledger.messages({ afterId, limit: PAGE });
    for (const message of page) {
      afterId = message.id;
      messages++;
      if (message.contract === "equipment-event.v1") gaps.push(descriptionOf(message));
      else checkReading(message, { seen, newest, violations });
    }
    if (page.length < PAGE) break;
  }
  const shed = checkGaps(gaps, { violations, damaged });
  const told = damaged && gaps.some((gap) => gap.includes("set aside"));
  checkMissing({ seen, acknowledged, shed, violations, told });
  const { duplicates, refusals } = await ledger.totals();
  if (refusals > 0) violations.add(`The hub refused ${refusals} facts that nothing is wrong with.`);
  const audit = await ledger.verifyAudit();
  if (audit.problem !== undefined) violations.add(`The audit chain does not verify: ${audit.problem}`);
  return { messages, shed, duplicates };
}

function checkReading(
  message: StoredMessage,
  { seen, newest, violations }: { seen: Set<number>; newest: Map<string, number>; violations: Violations },
): void {
  const { sourceId, key, eventTime } = message;
  const n = Number(/:n-(\d+)$/.exec(sourceId)?.[1]);
  const reading = readingOf(n);
  if (
    sourceId !== `${GATEWAY}:${reading.id}` ||
    key !== reading.key ||
    Buffer.from(message.received).toString() !== JSON.stringify(reading)
  )
    return violations.add(`The hub has ${sourceId}, which no source told like that.`);
  if (seen.has(n)) violations.add(`Reading ${n} stands at the hub twice.`);
  if (eventTime !== reading.time) violations.add(`Reading ${n} has the time ${eventTime}, not ${reading.time}.`);
  const before = newest.get(key) ?? 0;
  if (before > n) violations.add(`For ${key}, reading ${n} came after ${before}.`);
  seen.add(n);
  newest.set(key, Math.max(before, n));
}

/** How many facts were told to be shed. */
function checkGaps(
  gaps: readonly string[],
  { violations, damaged }: { violations: Violations; damaged: boolean },
): number {
  let shed = 0;
  for (const gap of gaps) {
    const count = /full: (\d+) telemetry facts/.exec(gap)?.[1];
    if (count !== undefined) shed += Number(count);
    else if (!(damaged && /set aside|counts its facts anew/.test(gap)))
      violations.add(`A gap was told that is none: ${gap}`);
  }
  return shed;
}

function checkMissing({
  seen,
  acknowledged,
  shed,
  violations,
  told,
}: {
  seen: ReadonlySet<number>;
  acknowledged: number;
  shed: number;
  violations: Violations;
  /** Something was lost with a damaged buffer, and the hub knows. */
  told: boolean;
}): void {
  let missing = 0;
  for (let n = 1; n <= acknowledged; n++) {
    if (seen.has(n)) continue;
    if (isSummary(n)) missing++;
    else if (!told) violations.add(`Confirmation ${n} was acknowledged and is not at the hub.`);
  }
  if (missing > shed && !told)
    violations.add(`${missing} summaries are missing at the hub, and only ${shed} were told to be shed.`);
}

/** How far the hub believes the gateway's clock to be ahead, in ms, and which configuration it told to run. */
export async function fleetSays(ground: Ground): Promise<{ skewMs: number; version: number; program: string }> {
  await using ledger = await openSqliteLedger({ path: ground.ledger, readOnly: true });
  const [row] = await ground.intake().fleet(ledger, systemClock.now());
  const { skewMs = 0, report } = row ?? {};
  return { skewMs, version: report?.configuration?.version ?? 0, program: report?.program ?? "" };
}

function descriptionOf(message: StoredMessage): string {
  return (JSON.parse(Buffer.from(message.received).toString()) as { description: string }).description;
}
