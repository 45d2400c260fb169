import type { Clock } from "@lineshaft/core";
import type { Database } from "./database.ts";
import type { Context } from "./env.ts";
import { Env } from "./env.ts";
import { OdooError, asOdooError, databaseError } from "./errors.ts";
import type { Faults, OdooFault } from "./faults.ts";
import { realLatency } from "./latency.ts";
import { flushOutbox } from "./provisioned/outbox.ts";
import type { Step } from "./table.ts";
import { Transaction, beforeChanges } from "./transaction.ts";
import { Turns } from "./turns.ts";

export interface Work {
  uid: number;
  context: Context;
  call: { model: string; method: string; records: number; movesStock: boolean };
  run: (env: Env) => unknown;
}

export type Worked = { kind: "result"; value: unknown } | { kind: "error"; error: OdooError } | { kind: "lost" };

export interface EngineOptions {
  db: Database;
  clock: Clock;
  faults: Faults;
  latency: "none" | "real";
  /** HTTP workers; further requests queue. */
  workers: number;
}

/** Runs each call as one transaction: begins it, takes its time, does the work at once, commits or rolls back. */
export class Engine {
  readonly #options: EngineOptions;
  readonly #workers: Turns;
  /** Calls that move stock gain nothing from running beside each other. */
  readonly #stockLane = new Turns(1);
  #order = 0;
  #lastChanges: readonly Step[] = [];
  #stopped = new AbortController();

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#workers = new Turns(options.workers);
  }

  work(work: Work): Promise<Worked> {
    return this.#workers.run(() => this.#begin(work));
  }

  /** Whatever is being worked on is rolled back and its connection reset. */
  restart(): void {
    this.#stopped.abort(new Error("restart"));
    this.#stopped = new AbortController();
  }

  /** Runs `change` as administrator in a transaction of its own, with no latency and no faults. */
  inside<T>(change: (env: Env) => T, uid = 1): T {
    const transaction = this.#transaction();
    try {
      const value = change(new Env(this.#options.db, transaction, uid));
      this.#commit(transaction);
      return value;
    } catch (error) {
      transaction.rollback();
      throw error;
    }
  }

  #transaction(): Transaction {
    return new Transaction(this.#options.clock.now(), this.#order++, this.#options.db.commits);
  }

  async #begin(work: Work): Promise<Worked> {
    const { signal } = this.#stopped;
    const transaction = this.#transaction();
    const slow = this.#options.faults.take(["slow"], work.call);
    const wait =
      (slow?.ms ?? 0) + (this.#options.latency === "real" ? realLatency({ ...work.call, context: work.context }) : 0);
    try {
      if (wait > 0) await this.#pass(wait, work.call.movesStock, signal);
    } catch {
      return { kind: "lost" };
    }
    return this.#finish(work, transaction);
  }

  async #pass(ms: number, movesStock: boolean, signal: AbortSignal): Promise<void> {
    const sleep = () => this.#options.clock.sleep(ms, signal);
    await (movesStock && this.#options.latency === "real" ? this.#stockLane.run(sleep) : sleep());
  }

  #finish(work: Work, transaction: Transaction): Worked {
    const fault = this.#options.faults.take(
      ["error500", "lockConflict", "lockTimeout", "restart", "staleRead", "dropAnswer"],
      work.call,
    );
    const env = new Env(this.#options.db, transaction, work.uid, work.context);
    try {
      const value =
        fault?.fault === "staleRead" ? beforeChanges(this.#lastChanges, () => work.run(env)) : work.run(env);
      refuseByFault(fault);
      flushOutbox(env);
      this.#commit(transaction);
      return fault?.fault === "dropAnswer" ? { kind: "lost" } : { kind: "result", value };
    } catch (error) {
      transaction.rollback();
      if (fault?.fault === "restart" || fault?.fault === "dropAnswer") return { kind: "lost" };
      return { kind: "error", error: asOdooError(error) };
    }
  }

  #commit(transaction: Transaction): void {
    if (!transaction.clean) {
      this.#options.db.commits++;
      this.#lastChanges = transaction.log;
    }
    for (const after of transaction.afterCommit) after();
  }
}

function refuseByFault(fault: OdooFault | undefined): void {
  switch (fault?.fault) {
    case "error500":
      throw new OdooError("builtins.RuntimeError", "simulated failure in the middle of the request");
    case "lockConflict":
      throw databaseError("SerializationFailure", "could not serialize access due to concurrent update\n");
    case "lockTimeout":
      throw databaseError("LockNotAvailable", "canceling statement due to lock timeout\n");
    case "restart":
      throw new Error("restart");
    case "slow":
    case "dropAnswer":
    case "staleRead":
    case "outage":
    case "rateLimit":
    case undefined:
  }
}
