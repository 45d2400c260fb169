import { setTimeout as after } from "node:timers/promises";
import type { ClientSession } from "node-opcua-client";
import type { ReadingSettings } from "../protocol.ts";
import { arrivalOf } from "./arrival.ts";
import { readHoles } from "./history.ts";
import type { Hole } from "./history.ts";
import type { Outbox } from "./outbox.ts";
import { byTime } from "./tag-order.ts";
import type { Tag } from "./tags.ts";

/** A historian writes late: so often a history is read again that does not reach to the newest value, */
const HISTORY_TRIES = 3;
/** and after so long, ms. */
const HISTORY_AGAIN_MS = 2_000;
/** Most holes that wait to be filled; of further ones only the gap is told. */
const HOLES_WAITING = 100_000;

export interface GapKeeperOptions {
  outbox: Outbox;
  settings: Pick<ReadingSettings, "history" | "limits" | "publishingMs">;
  log: (message: string, fields?: object) => void;
}

/** Knows where values may be missing, reads them from the server's history, and tells every gap to the hub. */
export class GapKeeper {
  readonly #options: GapKeeperOptions;
  readonly #broken = new Map<Tag, string>();
  readonly #waiting = new Map<Tag, Hole & { reason: string }>();
  #settleFrom = 0;
  #filling = false;

  constructor(options: GapKeeperOptions) {
    this.#options = options;
  }

  /** From now on values may be missing; what the tags had last says from when on. The earliest break counts. */
  breakAt(tags: readonly Tag[], last: (tag: Tag) => number | undefined, reason: string): void {
    for (const tag of tags) {
      if (tag.brokenSince !== undefined) continue;
      tag.brokenSince = last(tag);
      if (tag.brokenSince !== undefined) this.#broken.set(tag, reason);
    }
    this.#settleFrom = Number.POSITIVE_INFINITY;
  }

  /** The server sends again. Its first values come within a publishing interval. */
  begin(): void {
    this.#settleFrom = Date.now() + 1.5 * this.#options.settings.publishingMs;
  }

  /**
   * The server has sent what it had. A tag whose newest value is the one from before the break has lost nothing; of the
   * others something may be missing between the two.
   */
  settle(session: ClientSession): void {
    if (this.#broken.size > 0 && Date.now() >= this.#settleFrom) {
      for (const [tag, reason] of this.#broken) {
        const [from, to] = [tag.brokenSince as number, tag.order.newestTime];
        tag.brokenSince = undefined;
        if (to > from) this.mark({ tag, from, to }, reason);
      }
      this.#broken.clear();
    }
    if (this.#waiting.size > 0 && !this.#filling) void this.#fill(session);
  }

  mark(hole: Hole, reason: string): void {
    const known = this.#waiting.get(hole.tag);
    if (known !== undefined) {
      known.from = Math.min(known.from, hole.from);
      known.to = Math.max(known.to, hole.to);
    } else if (this.#waiting.size < HOLES_WAITING) this.#waiting.set(hole.tag, { ...hole, reason });
    else void this.#tell([{ ...hole, reason }], false);
  }

  async #fill(session: ClientSession): Promise<void> {
    this.#filling = true;
    const holes = [...this.#waiting.values()];
    this.#waiting.clear();
    try {
      let open = holes.filter((hole) => hole.tag.nodeId !== undefined);
      for (let turn = 1; turn <= HISTORY_TRIES && open.length > 0 && this.#options.settings.history; turn++) {
        const { filled, later } = await this.#read(session, open);
        await this.#tell(filled, true);
        open = later;
        if (open.length > 0 && turn < HISTORY_TRIES) await after(HISTORY_AGAIN_MS);
        for (const hole of filled) holes.splice(holes.indexOf(hole), 1);
        if (later.length === 0) break;
      }
    } catch (error) {
      this.#options.log("Reading the server's history failed.", { error: String(error) });
    } finally {
      await this.#tell(holes, false);
      this.#filling = false;
    }
  }

  /** `later`: the server has a history of it, which does not reach to the newest value yet. */
  async #read(
    session: ClientSession,
    holes: readonly (Hole & { reason: string })[],
  ): Promise<{ filled: (Hole & { reason: string })[]; later: (Hole & { reason: string })[] }> {
    const [filled, later] = [[] as (Hole & { reason: string })[], [] as (Hole & { reason: string })[]];
    for await (const part of readHoles(session, holes, this.#options.settings.limits.historyValues)) {
      const receivedTime = Date.now();
      const arrivals = part.values.map(({ tag, value }) => arrivalOf(tag, value, receivedTime));
      const unknown = arrivals
        .sort((a, b) => byTime(a.arrival, b.arrival))
        .filter(({ tag, arrival }) => !tag.order.isKnown(arrival));
      await this.#options.outbox.changes(unknown.map(({ arrival }) => ({ ...arrival.change, historical: true })));
      for (const hole of part.holes as readonly (Hole & { reason: string })[])
        if (part.whole.has(hole)) filled.push(hole);
        else if (part.kept.has(hole)) later.push(hole);
    }
    return { filled, later };
  }

  /** One gap for all tags with the same reason. */
  async #tell(holes: readonly (Hole & { reason: string })[], filled: boolean): Promise<void> {
    for (const [reason, same] of Map.groupBy(holes, (hole) => hole.reason))
      await this.#options.outbox.gap({
        tags: same.map((hole) => hole.tag.name),
        from: Math.min(...same.map((hole) => hole.from)),
        to: Math.max(...same.map((hole) => hole.to)),
        reason,
        filled,
      });
  }
}
