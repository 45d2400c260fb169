import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import { type Clock, LineshaftError } from "@lineshaft/core";
import { type BufferedFact, bytesOf, factOf, rowOf } from "./buffered-fact.ts";
import { type SetAside, bufferError, newEpoch, openBufferFile } from "./buffer-file.ts";
import { type Gap, gapFact, gapText, iso } from "./gap.ts";
import { WAITING_FACTS } from "./limits.ts";
import { OrderStore } from "./order-store.ts";
import { type At, nowhere } from "./points.ts";
import { sql } from "./schema.ts";

export interface BufferOptions {
  path: string;
  /** Names the gateway in what it tells of missing facts. */
  gateway: string;
  maxBytes: number;
  clock: Clock;
  /** Called when something new is there to send. */
  recorded?: () => void;
  at?: At;
}

/** Most facts in one commit. */
const GROUP_FACTS = 2_000;
/** Facts shed at a time. */
const SHED_FACTS = 1_000;
/** Left for what has to be written even when the buffer is full. */
const RESERVED_BYTES = 256 * 1024;

interface Waiting {
  fact: Omit<BufferedFact, "seq">;
  setting: { name: string; value: string } | undefined;
  resolve: (seq: number) => void;
  reject: (error: unknown) => void;
}

/** One telling of facts that were shed, still to be sent. */
interface Shedding extends Gap {
  seq: number;
  count: number;
}

/**
 * Facts of a plant until the hub has confirmed them, on disk in the order in which they were recorded. Everything that
 * waits is written in one commit, and a fact counts as recorded when that is on disk.
 *
 * When it is full, telemetry is shed, oldest first, and that is told by a fact; all else is never shed, and when nothing is
 * left to shed `record` rejects with `intake-overloaded`.
 */
export class FactBuffer {
  readonly aside: SetAside | undefined;
  /** What comes down is kept in the same file. */
  readonly orders: OrderStore;
  readonly #o: BufferOptions;
  readonly #at: At;
  readonly #db: DatabaseSync;
  readonly #sql: Record<keyof typeof sql, StatementSync>;
  readonly #pageBytes: number;
  #waiting: Waiting[] = [];
  #woken = false;
  #closed = false;
  #facts: number;
  #last: number;
  #confirmed: number;
  #epoch: string;
  #base: number;
  #fork: number | undefined;
  /** The newest fact that was read to be sent: nothing up to here is shed or changed. */
  #sealed: number;
  /** Nothing sheddable is left up to here. */
  #searched = 0;
  #shedding: Shedding | undefined;
  #shed: number;
  #maxBytes: number;
  /** Why the last commit failed; undefined once one succeeds. */
  problem: unknown;
  /** Since when facts are turned away because nothing is left to shed; undefined once there is room. */
  holdingSince: number | undefined;

  /** @throws LineshaftError `ledger-newer`, `ledger-busy`, `ledger-io` */
  constructor(options: BufferOptions) {
    this.#o = options;
    this.#at = options.at ?? nowhere;
    this.#maxBytes = options.maxBytes;
    const { path, clock } = options;
    const { db, aside } = openBufferFile(path, clock.now());
    this.#db = db;
    this.aside = aside;
    this.#sql = Object.fromEntries(Object.entries(sql).map(([name, text]) => [name, db.prepare(text)])) as Record<
      keyof typeof sql,
      StatementSync
    >;
    this.orders = new OrderStore({ clock, sql: this.#sql, transact: (work) => this.#transact(work) });
    this.#pageBytes = this.#pragma("page_size");
    const tally = this.#sql.tally.get();
    this.#epoch = String(this.setting("epoch"));
    this.#base = Number(this.setting("base") ?? 0);
    this.#confirmed = Number(this.setting("confirmed") ?? 0);
    this.#shed = Number(this.setting("shed") ?? 0);
    this.#facts = Number(tally?.["facts"]);
    this.#last = Math.max(this.#confirmed, Number(this.setting("last") ?? 0), Number(tally?.["last"] ?? 0));
    this.#sealed = this.#confirmed;
    // Kept from the first start on that could not ask the hub yet.
    this.#fork = Number(this.setting("fork") ?? this.#last);
    if (this.setting("fork") === undefined) this.#transact(() => this.#set("fork", this.#last));
    if (aside !== undefined) this.#tellAside(aside);
  }

  /** Made at random with the file; numbers of facts are the hub's only within it. */
  get epoch(): string {
    return this.#epoch;
  }

  /** What is taken off a fact's `seq` to number it within the epoch. */
  get base(): number {
    return this.#base;
  }

  /** Everything up to here is at the hub. */
  get confirmed(): number {
    return this.#confirmed;
  }

  get last(): number {
    return this.#last;
  }

  /**
   * Where the file ended when it was opened, until the hub has been asked. When the hub knows more than this, the file has
   * lost its newest part, and what was recorded since has numbers that the hub knows for other facts.
   */
  get fork(): number | undefined {
    return this.#fork;
  }

  get facts(): number {
    return this.#facts;
  }

  /** Telemetry that was shed so far. */
  get shed(): number {
    return this.#shed;
  }

  /** Bytes in use on disk, without free pages and the log. */
  get bytes(): number {
    return (this.#pragma("page_count") - this.#pragma("freelist_count")) * this.#pageBytes;
  }

  get maxBytes(): number {
    return this.#maxBytes;
  }

  /** A smaller bound holds from the next fact on. */
  set maxBytes(bytes: number) {
    this.#maxBytes = bytes;
    // What was not shed under another bound may have to be now.
    this.#searched = 0;
  }

  /** When the oldest fact was recorded. */
  get oldest(): number | undefined {
    const row = this.#sql.oldest.get();
    return row === undefined ? undefined : Number(row["received_time"]);
  }

  /**
   * Resolves with the fact's number once it is on disk; `setting` is saved in the same commit.
   * @throws LineshaftError `intake-overloaded`, `ledger-full`, `ledger-io`: nothing of it was kept
   */
  record(fact: Omit<BufferedFact, "seq">, setting?: { name: string; value: string }): Promise<number> {
    if (this.#closed) return Promise.reject(closed());
    if (this.#waiting.length >= WAITING_FACTS) return Promise.reject(overloaded(`${WAITING_FACTS} facts wait already`));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ fact, setting, resolve, reject });
      this.#wake();
    });
  }

  /** Facts after `after`, in order, up to both limits but at least one. They are neither shed nor changed any more. */
  read(after: number, limits: { facts: number; bytes: number }): BufferedFact[] {
    const read: BufferedFact[] = [];
    let bytes = 0;
    for (const row of this.#sql.readFacts.iterate(after, limits.facts)) {
      const fact = factOf(row);
      bytes += bytesOf(fact);
      if (bytes > limits.bytes && read.length > 0) break;
      read.push(fact);
    }
    this.#sealed = Math.max(this.#sealed, read.at(-1)?.seq ?? 0);
    return read;
  }

  /** The hub has everything up to here. */
  confirm(seq: number): void {
    const deleted = this.#transact(() => {
      this.#set("confirmed", seq);
      this.#set("last", this.#last);
      return Number(this.#sql.deleteFacts.run(seq).changes);
    });
    this.#facts -= deleted;
    this.#confirmed = seq;
    if (this.#room() > 0) this.holdingSince = undefined;
    this.#at("afterConfirm");
  }

  /** The hub was asked, and what it knows fits to this file. */
  verified(): void {
    if (this.#fork === undefined) return;
    this.#transact(() => this.#sql.clearSetting.run("fork"));
    this.#fork = undefined;
  }

  /** The hub lost what it had confirmed after `seq`. What is gone here as well is told by a fact. */
  rewind(seq: number): void {
    const now = this.#o.clock.now();
    const [from, to] = [seq + 1 - this.#base, this.#confirmed - this.#base];
    this.#transact(() => {
      this.#insert({
        ...gapFact(this.#o.gateway, {
          id: `hub.${this.#epoch}.${this.#last + 1}`,
          at: now,
          from: now,
          to: now,
          description: `The hub needs facts ${from} to ${to} again, which it had confirmed and which the gateway no longer has. The hub was probably restored from an older state.`,
        }),
      });
      this.#set("confirmed", seq);
    });
    this.#confirmed = seq;
    this.#o.recorded?.();
  }

  /** Facts are numbered anew from 1, under a new epoch; `seq` is the last one that the hub has. */
  renew(seq: number): void {
    const epoch = newEpoch();
    const deleted = this.#transact(() => {
      for (const [name, value] of Object.entries({ epoch, base: seq, confirmed: seq, last: this.#last }))
        this.#set(name, value);
      this.#sql.clearSetting.run("fork");
      return Number(this.#sql.deleteFacts.run(seq).changes);
    });
    this.#facts -= deleted;
    this.#epoch = epoch;
    this.#base = seq;
    this.#confirmed = seq;
    this.#fork = undefined;
  }

  setting(name: string): unknown {
    return this.#sql.setting.get(name)?.["value"] ?? undefined;
  }

  saveSetting(name: string, value: string | number): void {
    this.#transact(() => this.#set(name, value));
  }

  clearSetting(name: string): void {
    this.#transact(() => this.#sql.clearSetting.run(name));
  }

  /** Stores what waits, then closes the file. */
  close(): void {
    if (this.#closed) return;
    while (this.#waiting.length > 0) this.#flush();
    this.#closed = true;
    this.#db.close();
  }

  #wake(): void {
    if (this.#woken) return;
    this.#woken = true;
    // After this turn's input, so that all of it shares a commit.
    setImmediate(() => {
      this.#woken = false;
      if (this.#closed) return;
      this.#flush();
      if (this.#waiting.length > 0) this.#wake();
    });
  }

  #flush(): void {
    const group = this.#waiting.splice(0, GROUP_FACTS);
    if (group.length === 0) return;
    this.#at("beforeCommit");
    const before = [this.#last, this.#facts, this.#shed, this.#searched, this.#shedding] as const;
    let taken: number[];
    try {
      taken = this.#transact(() => this.#take(group));
      this.problem = undefined;
      this.#at("afterCommit");
    } catch (error) {
      [this.#last, this.#facts, this.#shed, this.#searched, this.#shedding] = before;
      this.problem = bufferError(error, this.#o.path);
      // Those behind would overtake what their source has to hand over again.
      for (const { reject } of [...group, ...this.#waiting.splice(0)]) reject(this.problem);
      return;
    }
    for (const [at, seq] of taken.entries()) group[at]?.resolve(seq);
    if (taken.length > 0) this.#o.recorded?.();
    if (taken.length === group.length) return void (this.holdingSince = undefined);
    this.holdingSince ??= this.#o.clock.now();
    const error = overloaded(`its ${this.#maxBytes} bytes are full of facts that must not be shed`);
    for (const { reject } of [...group.slice(taken.length), ...this.#waiting.splice(0)]) reject(error);
  }

  /** As many of the group as there is room for, from its first on. */
  #take(group: readonly Waiting[]): number[] {
    const sizes = group.map(({ fact }) => bytesOf(fact));
    let room = this.#room();
    const needed = sizes.reduce((sum, bytes) => sum + bytes, 0);
    while (room < needed && this.#shedSome()) room = this.#room();
    const taken: number[] = [];
    for (const [at, { fact, setting }] of group.entries()) {
      room -= sizes[at] ?? 0;
      if (room < 0) break;
      taken.push(this.#insert(fact));
      if (setting !== undefined) this.#set(setting.name, setting.value);
    }
    return taken;
  }

  #room(): number {
    return this.#maxBytes - RESERVED_BYTES - this.bytes;
  }

  /** Sheds some of the oldest telemetry; false when there is none. */
  #shedSome(): boolean {
    const after = Math.max(this.#searched, this.#sealed);
    const rows = this.#sql.sheddable.all(after, SHED_FACTS);
    const times = rows.map((row) => Number(row["received_time"]));
    const newest = rows.at(-1);
    this.#searched = Number(newest?.["seq"] ?? this.#last);
    if (newest === undefined) return false;
    this.#sql.shed.run(after, Number(newest["seq"]));
    this.#facts -= rows.length;
    this.#shed += rows.length;
    this.#set("shed", this.#shed);
    this.#tellShed(rows.length, Math.min(...times), Math.max(...times));
    return true;
  }

  /** One telling grows as long as it is not on its way. */
  #tellShed(count: number, from: number, to: number): void {
    const at = this.#o.clock.now();
    const open = this.#shedding !== undefined && this.#shedding.seq > this.#sealed ? this.#shedding : undefined;
    const seq = open?.seq ?? this.#last + 1;
    const told = {
      seq,
      id: `shed.${this.#epoch}.${seq}`,
      at,
      count: count + (open?.count ?? 0),
      from: Math.min(from, open?.from ?? from),
      to: Math.max(to, open?.to ?? to),
    };
    const gap = {
      ...told,
      description: `The gateway's buffer was full: ${told.count} telemetry facts, recorded from ${iso(told.from)} to ${iso(told.to)}, were shed.`,
    };
    if (open === undefined) this.#insert(gapFact(this.#o.gateway, gap));
    else this.#sql.reword.run(gapText(this.#o.gateway, gap), seq);
    this.#shedding = gap;
  }

  #tellAside({ path, said, from }: SetAside): void {
    const at = this.#o.clock.now();
    const description = `The gateway's buffer was damaged (${said}) and set aside as ${path}. Facts in it that had not reached the hub are missing.`;
    this.#transact(() =>
      this.#insert(gapFact(this.#o.gateway, { id: `aside.${this.#epoch}`, at, from, to: at, description })),
    );
  }

  #insert(fact: Omit<BufferedFact, "seq">): number {
    const seq = this.#last + 1;
    this.#sql.insertFact.run(...rowOf({ seq, ...fact }));
    this.#last = seq;
    this.#facts++;
    return seq;
  }

  #set(name: string, value: SQLInputValue): void {
    this.#sql.setSetting.run(name, value);
  }

  #transact<T>(work: () => T): T {
    this.#db.exec("begin immediate");
    try {
      const result = work();
      this.#db.exec("commit");
      return result;
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec("rollback");
      throw bufferError(error, this.#o.path);
    }
  }

  #pragma(name: string): number {
    return Number(this.#db.prepare(`pragma ${name}`).get()?.[name] ?? 0);
  }
}

function overloaded(why: string): LineshaftError {
  return new LineshaftError("intake-overloaded", `The gateway's buffer takes nothing more just now: ${why}.`, {
    next: "It goes on by itself when the hub can be reached. Nothing of this was kept.",
  });
}

function closed(): LineshaftError {
  return new LineshaftError("ledger-closed", "The gateway's buffer is closed.", { next: "Start the gateway again." });
}
