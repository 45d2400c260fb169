import type { Clock, Intake, Ledger, Log, Timer } from "@lineshaft/core";
import { explain } from "@lineshaft/core";
import type { GatewayPeer } from "./hub-options.ts";
import { AWAY_AFTER_MS, FLEET_SAVE_MS } from "./limits.ts";
import { type Publication, publicationOf, publicationsName, readPublications } from "./publication.ts";
import type { GatewayReport } from "./report.ts";

/** What a hub knows of one gateway, the same whichever of its workers is asked: it stands in the ledger. */
export interface FleetRow extends Partial<FleetEntry> {
  gateway: string;
  /** It was heard of within the last minute. */
  linked: boolean;
  /** Since when it is linked, or was not heard of; missing when it never was. */
  since?: number;
  /** The configuration that it shall run: the newest that was published. */
  wanted?: Pick<Publication, "serial" | "version" | "publishedAt" | "who" | "why" | "back">;
  /** The hub's project declares another configuration than the newest that was published. */
  unpublished: boolean;
}

/** As it stands in the ledger. Times are the hub's, ms since 1970, but for those in the report. */
export interface FleetEntry {
  heardAt: number;
  linkedSince: number;
  /** What it told of itself last. */
  report?: GatewayReport;
  /** How far its clock is ahead of the hub's, in ms, less the time that its request took. */
  skewMs?: number;
  /** Until when its certificate holds. */
  certificateTo?: number;
  /** When the last new facts of it were taken, and up to which number of which epoch. */
  factsAt?: number;
  epoch?: string;
  through?: number;
  /** Why a request of it was refused last; gone when one is taken. */
  refused?: { at: number; reason: string; message: string; next: string };
}

/** Under which name a gateway stands in the ledger. */
function entryName(gateway: string): string {
  return `fleet:${gateway}`;
}

/** Reads what all workers wrote. `intake`: the name of the gateway intake. */
export function readFleet(
  ledger: Pick<Ledger, "loadCursor">,
  { intake, gateways, now }: { intake: string; gateways: readonly GatewayPeer[]; now: number },
): Promise<FleetRow[]> {
  // The engine puts a system's name before the names of its sources' places.
  const load = (name: string) => ledger.loadCursor(`${intake}:${name}`);
  return Promise.all(
    gateways.map(async ({ name, configuration }) => {
      const [stored, published] = [await load(entryName(name)), await load(publicationsName(name))];
      const [newest] = readPublications(published).map(publicationOf);
      const unpublished = configuration !== undefined && !isSame(configuration, newest);
      return { gateway: name, ...entryRow(stored, now), ...wantedRow(newest), unpublished };
    }),
  );
}

function entryRow(stored: string | undefined, now: number): Partial<FleetEntry> & { linked: boolean; since?: number } {
  if (stored === undefined) return { linked: false };
  const entry = JSON.parse(stored) as FleetEntry;
  const linked = now - entry.heardAt < AWAY_AFTER_MS;
  return { ...entry, linked, since: linked ? entry.linkedSince : entry.heardAt };
}

function wantedRow(newest: Publication | undefined): Pick<FleetRow, "wanted"> {
  if (newest === undefined) return {};
  const { gateway: _gateway, type: _type, data: _data, ...wanted } = newest;
  return { wanted };
}

function isSame(declared: { type: string; data: unknown }, newest: Publication | undefined): boolean {
  return newest?.type === declared.type && JSON.stringify(newest.data) === JSON.stringify(declared.data);
}

interface FleetLogOptions {
  intake: Intake;
  clock: Clock;
  log: Log;
}

/** Writes down what one worker hears of gateways: soon where people wait for it, otherwise every few seconds. */
export class FleetLog {
  readonly #o: FleetLogOptions;
  readonly #kept = new Map<string, Kept>();

  constructor(options: FleetLogOptions) {
    this.#o = options;
  }

  heard(gateway: string, { report, certificateTo }: Pick<FleetEntry, "report" | "certificateTo">): void {
    const now = this.#o.clock.now();
    const kept = this.#of(gateway);
    const { entry } = kept;
    const urgent = now - entry.heardAt >= AWAY_AFTER_MS || entry.refused !== undefined || differs(entry.report, report);
    entry.heardAt = now;
    delete entry.refused;
    if (certificateTo !== undefined) entry.certificateTo = certificateTo;
    if (report !== undefined) Object.assign(entry, { report, skewMs: report.now - now });
    this.#note(gateway, kept, urgent);
  }

  /** `facts`: how many came in the batch, which the gateway counted as waiting when it sent it. */
  took(gateway: string, { facts, ...place }: { epoch: string; through: number; facts: number }): void {
    const kept = this.#of(gateway);
    if (kept.entry.report !== undefined) kept.entry.report = withoutTaken(kept.entry.report, facts);
    if (kept.entry.epoch === place.epoch && kept.entry.through === place.through) return;
    Object.assign(kept.entry, place, { factsAt: this.#o.clock.now() });
    this.#note(gateway, kept, false);
  }

  refused(gateway: string, why: { reason: string; message: string; next: string }): void {
    const kept = this.#of(gateway);
    const { reason, message, next } = why;
    const urgent = kept.entry.refused?.reason !== reason;
    kept.entry.refused = { at: this.#o.clock.now(), reason, message, next };
    this.#note(gateway, kept, urgent);
  }

  /** Writes what was not written yet. */
  async close(): Promise<void> {
    for (const [gateway, kept] of this.#kept) {
      if (kept.timer !== undefined) this.#save(gateway, kept);
      await kept.saving;
    }
  }

  #of(gateway: string): Kept {
    const known = this.#kept.get(gateway);
    if (known !== undefined) return known;
    const kept: Kept = { entry: { heardAt: 0, linkedSince: 0 }, savedAt: 0, saving: Promise.resolve() };
    this.#kept.set(gateway, kept);
    return kept;
  }

  #note(gateway: string, kept: Kept, urgent: boolean): void {
    const { clock } = this.#o;
    const wait = kept.savedAt + FLEET_SAVE_MS - clock.now();
    if (urgent || wait <= 0) this.#save(gateway, kept);
    else kept.timer ??= clock.after(wait, () => this.#save(gateway, kept));
  }

  /** One after the other, so that what is newer is written last. */
  #save(gateway: string, kept: Kept): void {
    const { clock, log } = this.#o;
    kept.timer?.cancel();
    delete kept.timer;
    kept.savedAt = clock.now();
    kept.saving = kept.saving
      .then(() => this.#write(gateway, kept.entry))
      .catch((error: unknown) =>
        log.warn("what is known of a gateway was not written", { gateway, why: explain(error) }),
      );
  }

  /** Another worker may have heard of it meanwhile, and taken facts of it. */
  async #write(gateway: string, entry: FleetEntry): Promise<void> {
    const { intake } = this.#o;
    const stored = await intake.loadCursor(entryName(gateway));
    const before = stored === undefined ? undefined : (JSON.parse(stored) as FleetEntry);
    const linkedStill = before !== undefined && entry.heardAt - before.heardAt < AWAY_AFTER_MS;
    entry.linkedSince = linkedStill ? before.linkedSince : entry.heardAt;
    const elsewhere = before !== undefined && (before.factsAt ?? 0) > (entry.factsAt ?? 0);
    if (elsewhere) Object.assign(entry, { factsAt: before.factsAt, epoch: before.epoch, through: before.through });
    if (before !== undefined && before.heardAt > entry.heardAt) Object.assign(entry, heardPart(before));
    await intake.saveCursor(entryName(gateway), JSON.stringify(entry));
  }
}

function withoutTaken(report: GatewayReport, taken: number): GatewayReport {
  const facts = Math.max(0, report.facts - taken);
  const { oldest, ...others } = report;
  return { ...others, facts, ...(facts === 0 || oldest === undefined ? {} : { oldest }) };
}

interface Kept {
  entry: FleetEntry;
  savedAt: number;
  saving: Promise<void>;
  timer?: Timer;
}

function heardPart({ heardAt, linkedSince, report, skewMs, certificateTo }: FleetEntry): Partial<FleetEntry> {
  return { heardAt, linkedSince, ...definedOnly({ report, skewMs, certificateTo }) };
}

function definedOnly(values: Partial<FleetEntry>): Partial<FleetEntry> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

/** What people wait for: another program, another configuration, a refusal, sources that are held back. */
function differs(before: GatewayReport | undefined, now: GatewayReport | undefined): boolean {
  const told = (report: GatewayReport | undefined) => [
    report?.program,
    report?.startedAt,
    report?.configuration?.serial,
    report?.refusedConfiguration?.serial,
    report?.refusedConfiguration?.since,
    report?.holdingSince,
    report?.problem,
  ];
  return now !== undefined && JSON.stringify(told(before)) !== JSON.stringify(told(now));
}
