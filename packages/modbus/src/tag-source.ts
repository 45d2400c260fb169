import { LineshaftError, UnavailableError } from "@lineshaft/core";
import type { Clock, Health, TagChange, TagObserver, TagSource } from "@lineshaft/core";
import { ModbusConnection } from "./connection.ts";
import type { ConnectionSettings } from "./connection.ts";
import { decodePoint } from "./decode.ts";
import type { Reading } from "./decode.ts";
import { isRefusal, maySplit, readingOf } from "./exceptions.ts";
import { groupPoints } from "./poll-group.ts";
import type { PollGroup } from "./poll-group.ts";
import { splitRead } from "./read-plan.ts";
import type { Read } from "./read-plan.ts";
import type { Point } from "./register-map.ts";
import { TagState } from "./tag-state.ts";

/** A group whose last answer is this many intervals back has missed readings: that is told as a gap. */
const GAP_INTERVALS = 2;

interface Reread {
  point: Point;
  reading: Reading;
  time: number;
}

interface Answer {
  /** What to ask next time. */
  reads: readonly Read[];
  readings: readonly Reread[];
  /** Nothing of it could be read. */
  refused: boolean;
}

/**
 * Polls a device and hands over what has changed. At the start of each `run` everything read is a change; the next
 * reading waits until the observer has taken the last one. After a transport error it connects again at once, and
 * when that does not help it says that the tags are stale and throws, for the runtime to come back later.
 */
export class ModbusTagSource implements TagSource {
  readonly #settings: ConnectionSettings;
  readonly #clock: Clock;
  readonly #points: readonly Point[];
  readonly #groups: readonly PollGroup[];
  readonly #state = new TagState();
  #connection: ModbusConnection | undefined;
  /** The observer knows that the device is gone. */
  #gone = false;

  constructor(settings: ConnectionSettings, points: readonly Point[]) {
    this.#settings = settings;
    this.#clock = settings.clock;
    this.#points = points;
    this.#groups = groupPoints(points, settings.limits);
  }

  async run(observer: TagObserver, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    this.#state.startOver();
    for (const group of this.#groups) group.dueAt = 0;
    try {
      for (const group of this.#groups) await this.#poll(group, observer, signal);
      observer.listening();
      while (!signal.aborted) await this.#pollNext(observer, signal);
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof UnavailableError && !this.#connection?.open) await this.#tellStale(error, observer);
      throw error;
    } finally {
      this.#hangUp();
    }
  }

  /** Whether the device answers: over the connection there is, or over a short one that reads the first register. */
  async check(signal: AbortSignal): Promise<Health> {
    const { host, port, unit } = this.#settings;
    if (this.#connection?.open) return { ok: true, detail: `reads unit ${unit} at ${host}:${port}` };
    try {
      using connection = await ModbusConnection.open(this.#settings, signal);
      const [read] = this.#groups[0]?.reads ?? [];
      if (read) await connection.read(read, signal);
      return { ok: true };
    } catch (error) {
      // It refuses that register, and so it is there.
      if (isRefusal(error)) return { ok: true, detail: `unit ${unit} answers with ${error.message}` };
      if (!(error instanceof LineshaftError)) throw error;
      return { ok: false, message: `${error.message} ${error.said ?? ""}`.trim(), next: error.next };
    }
  }

  async #pollNext(observer: TagObserver, signal: AbortSignal): Promise<void> {
    const group = this.#groups.reduce((first, each) => (each.dueAt < first.dueAt ? each : first));
    const waitMs = group.dueAt - this.#clock.now();
    if (waitMs > 0) await this.#clock.sleep(waitMs, signal);
    await this.#poll(group, observer, signal);
  }

  async #poll(group: PollGroup, observer: TagObserver, signal: AbortSignal): Promise<void> {
    group.schedule(this.#clock.now());
    const answers: Answer[] = [];
    for (const read of group.reads) answers.push(await this.#answer(read, signal));
    group.reads = answers.flatMap((answer) => answer.reads);
    this.#gone = false;
    const readings = answers.flatMap((answer) => answer.readings);
    // A gateway answers for a device that is gone; the gap is told when that is back.
    if (readings.some(({ reading }) => reading.quality !== "stale")) await this.#tellGap(group, observer);
    await this.#handOver(readings, observer);
  }

  async #handOver(readings: readonly Reread[], observer: TagObserver): Promise<void> {
    const changed = readings
      .map((each) => ({ ...each, change: this.#state.change(each.point, each.reading, each.time) }))
      .filter((each): each is Reread & { change: TagChange } => each.change !== undefined);
    if (changed.length > 0) await observer.changes(changed.map(({ change }) => change));
    for (const { point, reading } of changed) this.#state.taken(point, reading);
  }

  /** Where the device refuses a request, its halves are asked for, so that in the end only what it does not have is refused. */
  async #answer(read: Read, signal: AbortSignal): Promise<Answer> {
    try {
      const data = await this.#ask(read, signal);
      const time = this.#clock.now();
      const readings = read.points.map((point) => ({ point, time, reading: decodePoint(point, read, data) }));
      return { reads: [read], readings, refused: false };
    } catch (error) {
      if (!isRefusal(error)) throw error;
      const time = this.#clock.now();
      if (read.points.length > 1 && maySplit(error)) return this.#answerHalves(read, signal);
      const reading = readingOf(error, this.#settings.unit, read);
      return { reads: [read], readings: read.points.map((point) => ({ point, time, reading })), refused: true };
    }
  }

  async #answerHalves(read: Read, signal: AbortSignal): Promise<Answer> {
    const halves: Answer[] = [];
    for (const half of splitRead(read)) halves.push(await this.#answer(half, signal));
    const refused = halves.every((half) => half.refused);
    return {
      // A device that refuses everything is not asked in small pieces for ever: it may only be out of order.
      reads: refused ? [read] : halves.flatMap((half) => half.reads),
      readings: halves.flatMap((half) => half.readings),
      refused,
    };
  }

  /** @throws UnavailableError when it failed over a new connection as well */
  async #ask(read: Read, signal: AbortSignal): Promise<Buffer> {
    const { limits } = this.#settings;
    const wasOpen = this.#connection?.open ?? false;
    if (wasOpen && limits.pauseMs > 0) await this.#clock.sleep(limits.pauseMs, signal);
    try {
      return await this.#askOnce(read, signal);
    } catch (error) {
      // A connection that stood may have been cut long ago: a new one tells whether the device is there.
      if (!wasOpen || signal.aborted || !(error instanceof UnavailableError)) throw error;
      return this.#askOnce(read, signal);
    }
  }

  async #askOnce(read: Read, signal: AbortSignal): Promise<Buffer> {
    if (!this.#connection?.open) this.#connection = await ModbusConnection.open(this.#settings, signal);
    return this.#connection.read(read, signal);
  }

  async #tellGap(group: PollGroup, observer: TagObserver): Promise<void> {
    const now = this.#clock.now();
    const { readAt, intervalMs, tags } = group;
    if (readAt !== undefined && now - readAt > GAP_INTERVALS * intervalMs) {
      const { name, unit, host, port } = this.#settings;
      const reason = `Modbus device ${name}, unit ${unit} at ${host}:${port}, was not read in between; it keeps no history.`;
      await observer.gap({ tags: this.#groups.length === 1 ? [] : tags, from: readAt, to: now, reason, filled: false });
    }
    group.readAt = now;
  }

  async #tellStale(error: UnavailableError, observer: TagObserver): Promise<void> {
    // Said once: the runtime tries again and again.
    if (this.#gone) return;
    const time = this.#clock.now();
    const said = error.said === undefined ? error.message : `${error.message} It said: ${error.said}.`;
    const reading: Reading = { quality: "stale", value: null, said };
    await this.#handOver(
      this.#points.map((point) => ({ point, reading, time })),
      observer,
    );
    this.#gone = true;
  }

  #hangUp(): void {
    this.#connection?.[Symbol.dispose]();
    this.#connection = undefined;
  }
}
