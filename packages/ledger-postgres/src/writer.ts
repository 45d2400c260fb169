import { randomBytes } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import {
  type Clock,
  type CommitGroup,
  type CommitResult,
  LineshaftError,
  type Settlement,
  systemClock,
} from "@lineshaft/core";
import { CONFLICT_TRIES, type Connections, type Line } from "./connections.ts";
import { type Committed, commitResult, groupParameters } from "./group.ts";
import { isBroken, isConflict, isStandby } from "./postgres-error.ts";
import type { Statements } from "./statements.ts";

/** How much later than the server's own limit the connection is cut, in ms. */
const ANSWER_MS = 500;
/** First and longest wait before a connection is tried again, in ms. */
const RECONNECT_FIRST_MS = 50;
const RECONNECT_CAP_MS = 2_000;

export interface WriterLimits {
  /** The server gives up a write after this, in ms; without any answer, the connection is cut soon after and made anew. */
  commitMs: number;
  /** How long a write whose connection broke is tried to be found out about before its caller is told, in ms. */
  commitWaitMs: number;
}

/** What a writer met so far; counted from the start of this process. */
export interface WriterStats {
  commits: number;
  /** Commits that had to wait for commits of others, and for how long together, in ms. */
  lockWaits: number;
  lockWaitMs: number;
  /** Writes done again after a conflict with another transaction. */
  retries: number;
  reconnects: number;
  /** Writes whose connection broke before their answer came. */
  uncertain: number;
}

interface WriterOptions {
  sql: Statements;
  limits: WriterLimits;
  serverClock: Clock | undefined;
}

interface Unresolved {
  token: number;
  /** The group, when it was a commit. */
  group: CommitGroup | undefined;
}

/**
 * All writing that must happen exactly once. One write at a time, each in one statement that commits by itself, so that
 * no transaction is ever left open by a hub that stops in the middle.
 *
 * Each write has a token, and the ledger keeps the newest token of each hub with its result. When the connection breaks
 * before the answer, the same write is sent again under the same token: if it was stored, the answer is the stored
 * result. When the server stays away longer than `commitWaitMs`, the caller is told; then nothing further is written
 * before the ledger has said whether that write was stored, or has promised that it never will be.
 */
export class Writer {
  readonly stats: WriterStats = { commits: 0, lockWaits: 0, lockWaitMs: 0, retries: 0, reconnects: 0, uncertain: 0 };
  /** This process, as the ledger knows it. */
  readonly session = randomBytes(9).toString("base64url");
  readonly #connections: Connections;
  readonly #sql: Statements;
  readonly #limits: WriterLimits;
  /** Replaces the server's clock; for tests. */
  readonly #serverClock: Clock | undefined;
  readonly #closing = new AbortController();
  #line: Line | undefined;
  #lines = 0;
  #token = 0;
  #queue: Promise<unknown> = Promise.resolve();
  #failedEpoch = -1;
  #unresolved: Unresolved | undefined;
  /** Steps that were stored while their writer was told that nobody knows: when they come again, they get this answer. */
  readonly #answered = new Map<number, { settlement: Settlement; lost: boolean }>();

  constructor(connections: Connections, { sql, limits, serverClock }: WriterOptions) {
    this.#connections = connections;
    this.#sql = sql;
    this.#limits = limits;
    this.#serverClock = serverClock;
  }

  /** Null: the server's. */
  get clock(): number | null {
    return this.#serverClock?.now() ?? null;
  }

  commit(group: CommitGroup): Promise<CommitResult> {
    // While the commit before is still with the server: what is made only then leaves the server waiting.
    const made = parametersOf(group);
    return this.#inTurn(async () => {
      const { epoch } = group;
      if (epoch !== undefined && epoch <= this.#failedEpoch) throw this.#overtaking();
      try {
        return await this.#commit(group, made);
      } catch (error) {
        if (epoch !== undefined) this.#failedEpoch = Math.max(this.#failedEpoch, epoch);
        throw error;
      }
    });
  }

  /** Calls a function that takes session and token first and keeps its result under them. */
  write(text: string, values: readonly unknown[]): Promise<unknown> {
    return this.#inTurn(async () => {
      await this.#resolve();
      return this.#once(text, values, undefined);
    });
  }

  async close(): Promise<void> {
    this.#closing.abort(this.#closed());
    this.#line?.cut();
    await this.#queue;
  }

  async #commit(group: CommitGroup, made: unknown[] | undefined): Promise<CommitResult> {
    await this.#resolve();
    const { left, lost, answered } = this.#withoutAnswered(group);
    const parameters = left === group && made !== undefined ? made : groupParameters(left);
    const done = (await this.#once(this.#sql.commit, [group.at, this.clock, ...parameters], left)) as Committed;
    // Not before: a commit that fails comes again with all of its steps, and each has to get the same answer.
    for (const delivery of answered) this.#answered.delete(delivery);
    this.stats.commits++;
    this.stats.lockWaitMs += done.waited / 1_000;
    if (done.waited > 0) this.stats.lockWaits++;
    const result = commitResult(left, done);
    return lost.length === 0 ? result : { ...result, lost: [...lost, ...result.lost] };
  }

  /** One write after the other, whatever becomes of the one before. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(work);
    this.#queue = turn.catch(() => undefined);
    return turn;
  }

  /** Sends a write until its answer is there. @throws LineshaftError when it was surely not stored, or nobody knows */
  async #once(text: string, values: readonly unknown[], group: CommitGroup | undefined): Promise<unknown> {
    const token = ++this.#token;
    const parameters = [this.session, token, ...values];
    let uncertainSince: number | undefined;
    for (let tries = 1, pauseMs = RECONNECT_FIRST_MS; ; tries++) {
      try {
        return await this.#send(text, parameters);
      } catch (error) {
        if (isConflict(error) && tries < CONFLICT_TRIES) {
          this.stats.retries++;
          continue;
        }
        // The server's own answer, or no connection at all: not stored. Unless an earlier try of this write was.
        if (uncertainSince === undefined && !(error instanceof Unanswered)) throw this.#connections.told(error);
        if (uncertainSince === undefined) this.stats.uncertain++;
        uncertainSince ??= performance.now();
        const answered = !(error instanceof Unanswered) && !(error instanceof LineshaftError);
        const waitedMs = performance.now() - uncertainSince;
        if (answered || waitedMs > this.#limits.commitWaitMs || this.#closing.signal.aborted) {
          this.#unresolved = { token, group };
          throw this.#connections.told(error instanceof Unanswered ? error.cause : error);
        }
        if (!(error instanceof Unanswered)) {
          await systemClock.sleep(pauseMs, this.#closing.signal).catch(() => undefined);
          pauseMs = Math.min(pauseMs * 2, RECONNECT_CAP_MS);
        }
      }
    }
  }

  /** @throws Unanswered when the statement may have reached the server; LineshaftError when there is no connection */
  async #send(text: string, values: unknown[]): Promise<unknown> {
    const line = await this.#connected();
    const limit = setTimeout(() => line.cut(), this.#limits.commitMs + ANSWER_MS);
    try {
      const { rows } = await line.client.query<{ result: unknown }>({ text, values });
      return rows[0]?.result;
    } catch (error) {
      // A standby will not become the primary under this connection; the next one may lead to it.
      if (isStandby(error)) line.cut();
      if (!isBroken(error)) throw error;
      line.cut();
      throw new Unanswered(error);
    } finally {
      clearTimeout(limit);
    }
  }

  async #connected(): Promise<Line> {
    if (this.#closing.signal.aborted) throw this.#closed();
    if (this.#line !== undefined && !this.#line.broken) return this.#line;
    this.#line?.cut();
    this.#line = undefined;
    this.#line = await this.#connections.connect({ statementMs: this.#limits.commitMs });
    if (this.#lines++ > 0) this.stats.reconnects++;
    return this.#line;
  }

  /** Finds out what became of a write that was given up. */
  async #resolve(): Promise<void> {
    const unresolved = this.#unresolved;
    if (unresolved === undefined) return;
    let result: Committed | null;
    try {
      result = (await this.#send(this.#sql.resolve, [this.session, unresolved.token])) as Committed | null;
    } catch (error) {
      throw this.#connections.told(error instanceof Unanswered ? error.cause : error);
    }
    this.#unresolved = undefined;
    if (result === null || unresolved.group === undefined) return;
    const lost = new Set(result.lost);
    for (const settlement of unresolved.group.settlements ?? [])
      this.#answered.set(settlement.delivery, { settlement, lost: lost.has(settlement.delivery) });
  }

  /** Leaves out the steps that were stored already; each gets the answer it would have had then. */
  #withoutAnswered(group: CommitGroup): { left: CommitGroup; lost: number[]; answered: number[] } {
    if (this.#answered.size === 0 || group.settlements === undefined) return { left: group, lost: [], answered: [] };
    const lost: number[] = [];
    const answered: number[] = [];
    const settlements = group.settlements.filter((s) => {
      const before = this.#answered.get(s.delivery);
      if (before === undefined) return true;
      answered.push(s.delivery);
      if (!isDeepStrictEqual(before.settlement, s)) return true;
      if (before.lost) lost.push(s.delivery);
      return false;
    });
    return { left: { ...group, settlements }, lost, answered };
  }

  #overtaking(): LineshaftError {
    return new LineshaftError(
      "ledger-io",
      `A commit before this one could not be stored in the ledger ${this.#connections.location}.`,
      { next: "It is stored in its order as soon as the ledger can be written again." },
    );
  }

  #closed(): LineshaftError {
    return new LineshaftError("ledger-closed", `The ledger ${this.#connections.location} is closed.`, {
      next: "Start the hub again.",
    });
  }
}

/** Undefined where they cannot be made: the reason is told when it is the group's turn. */
function parametersOf(group: CommitGroup): unknown[] | undefined {
  try {
    return groupParameters(group);
  } catch {
    return undefined;
  }
}

/** The connection broke after a statement had left. */
class Unanswered extends Error {
  constructor(cause: unknown) {
    super("no answer", { cause });
  }
}
