import { hostname } from "node:os";
import type { Health, SystemContext, TagChange, TagObserver, TagSource } from "@lineshaft/core";
import { DEFAULT_PUBLISHING_MS, OPCUA_LIMITS, pkiFolder } from "./options.ts";
import type { OpcUaLimits, OpcUaOptions } from "./options.ts";
import { PkiFolder } from "./pki-folder.ts";
import { BATCH_CHANGES, SILENCE_MS } from "./protocol.ts";
import type { ConnectionSettings, Entry, FromChild, ReadingSettings } from "./protocol.ts";
import { Worker, failed, perform } from "./worker.ts";

/** First and longest wait before a process that ended is started anew, ms; twice as long each time. */
const RESTART_MS = { first: 1_000, longest: 60_000 };
/** A process that lived so long has recovered: the next wait is the first again, ms. */
const LIVED_MS = 60_000;

/** Reads a server through a process of its own, which it watches and starts anew. */
export class OpcUaTagSource implements TagSource {
  readonly #options: OpcUaOptions;
  readonly #context: SystemContext;
  readonly #limits: OpcUaLimits;
  /** Source time of each tag's newest value that was taken: what came after it may be missing when a process ends. */
  readonly #taken = new Map<string, number>();
  /** Each tag's newest change of this run, as the observer has it. */
  readonly #shown = new Map<string, TagChange>();
  #beat: Extract<FromChild, { kind: "beat" }> | undefined;
  #worker: Worker | undefined;

  constructor(options: OpcUaOptions, context: SystemContext) {
    this.#options = options;
    this.#context = context;
    this.#limits = { ...OPCUA_LIMITS, ...options.limits };
  }

  /** The reading process, while there is one. */
  get processId(): number | undefined {
    return this.#worker?.process.pid;
  }

  /** What it said last of itself. */
  get usage(): { rssBytes: number; cpuMs: number; items: number; connected: boolean } | undefined {
    return this.#beat;
  }

  async run(observer: TagObserver, signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#context;
    for (const [tag, time] of observer.newest?.() ?? [])
      this.#taken.set(tag, Math.max(time, this.#taken.get(tag) ?? time));
    this.#shown.clear();
    let wait = RESTART_MS.first;
    let reason = "The hub began to read anew.";
    while (!signal.aborted) {
      const startedAt = clock.now();
      const end = await this.#runOnce(observer, signal, reason);
      if (signal.aborted) return;
      if (end.error !== undefined) throw end.error;
      if (clock.now() - startedAt > LIVED_MS) wait = RESTART_MS.first;
      reason = `The process that reads ended: ${end.said}.`;
      await this.#tellStale(observer, reason);
      log.warn(`${reason} It is started anew in ${wait / 1_000} s.`);
      await clock.sleep(wait, signal).catch(() => {});
      wait = Math.min(2 * wait, RESTART_MS.longest);
    }
  }

  async check(signal: AbortSignal): Promise<Health> {
    const expiring = new PkiFolder(pkiFolder(this.#options)).expiring(this.#context.clock.now());
    if (this.#beat?.connected === true)
      return { ok: true, detail: [`reads ${this.#beat.items} nodes`, ...expiring].join(". ") };
    try {
      const { report } = await perform({ kind: "check", connection: connectionOf(this.#options) }, "checked", {
        log: this.#context.log,
        memoryMb: this.#limits.memoryMb,
        signal,
      });
      const detail = [`the server is ${report.state}`, ...expiring].join(". ");
      return { ok: true, version: `${report.server} ${report.version}`.trim(), detail };
    } catch (error) {
      const { message, next = "", said } = error as { message: string; next?: string; said?: string };
      return { ok: false, message: said ? `${message} It said: ${said}` : message, next };
    }
  }

  /** One life of the process. `error`: why reading cannot go on as it is; otherwise it ended as it should not. */
  async #runOnce(
    observer: TagObserver,
    signal: AbortSignal,
    reason: string,
  ): Promise<{ error?: unknown; said: string }> {
    const { clock, log } = this.#context;
    let error: unknown;
    let said: string | undefined;
    let heardAt = clock.now();
    const end = (why: string) => {
      said ??= why;
      worker.kill();
    };
    // One message after the other: the order of the source is the order of the hub.
    let turn = Promise.resolve();
    const hand = (batch: number, entry: Entry) => {
      turn = turn
        .then(() => (error === undefined ? this.#hand(observer, entry) : undefined))
        .then(() => worker.say({ kind: "taken", batch }))
        .catch((failure: unknown) => {
          error ??= failure;
          worker.kill();
        });
    };
    const task = { kind: "read" as const, connection: connectionOf(this.#options), reading: this.#reading(reason) };
    const worker = new Worker(task, this.#limits.memoryMb, log, (message) => {
      heardAt = clock.now();
      if (message.kind === "batch") hand(message.batch, message.entry);
      else if (message.kind === "listening") observer.listening();
      else if (message.kind === "beat") {
        this.#beat = message;
        const usedMb = message.rssBytes / 1_048_576;
        if (usedMb > 2 * this.#limits.memoryMb)
          end(`it held ${Math.round(usedMb)} MiB, more than twice limits.memoryMb (${this.#limits.memoryMb})`);
      }
    });
    this.#worker = worker;
    const watch = () => {
      if (clock.now() - heardAt > SILENCE_MS) end(`it was silent for ${SILENCE_MS / 1_000} s`);
      timer = clock.after(SILENCE_MS / 4, watch);
    };
    let timer = clock.after(SILENCE_MS / 4, watch);
    const stop = () => void worker.stop();
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    const { code, signal: by } = await worker.ended;
    signal.removeEventListener("abort", stop);
    timer.cancel();
    this.#beat = undefined;
    this.#worker = undefined;
    // What it had sent is still handed over; nothing of it may be half taken when the next one begins.
    await turn;
    if (worker.failure !== undefined) error ??= failed(this.#options.endpoint, worker.failure);
    return { error, said: said ?? (by === null ? `exit code ${code}` : `signal ${by}`) };
  }

  async #hand(observer: TagObserver, entry: Entry): Promise<void> {
    if ("gap" in entry) return observer.gap(entry.gap);
    await observer.changes(entry.changes);
    for (const change of entry.changes) {
      const { tag, sourceTime, historical, quality, said } = change;
      if (historical) continue;
      this.#shown.set(tag, change);
      if (quality !== "stale" && !(quality === "bad" && said?.startsWith("BadNodeId")))
        this.#taken.set(tag, sourceTime);
    }
  }

  /** Nobody reads just now: what the observer has is as it was, and may be so no longer. */
  async #tellStale(observer: TagObserver, reason: string): Promise<void> {
    const receivedTime = this.#context.clock.now();
    const said = `${reason} What the value is now is not known.`;
    const stale: TagChange[] = [];
    for (const change of this.#shown.values())
      if (change.quality !== "stale") stale.push({ ...change, quality: "stale", receivedTime, said });
    for (let at = 0; at < stale.length; at += BATCH_CHANGES)
      await observer.changes(stale.slice(at, at + BATCH_CHANGES));
    for (const change of stale) this.#shown.set(change.tag, change);
  }

  #reading(reason: string): ReadingSettings {
    const { nodes = [], companions = [], publishingMs = DEFAULT_PUBLISHING_MS } = this.#options;
    const { defaults = {}, history = true } = this.#options;
    return {
      nodes,
      companions,
      publishingMs,
      defaults,
      history,
      limits: this.#limits,
      ...(this.#taken.size > 0 && { resume: { times: new Map(this.#taken), reason } }),
    };
  }
}

/** With the values of secrets: it goes to the process that speaks OPC UA, and nowhere else. */
export function connectionOf(options: Omit<OpcUaOptions, "facts">): ConnectionSettings {
  const { name, endpoint, security = { mode: "SignAndEncrypt" } } = options;
  const { applicationUri = `urn:${hostname()}:lineshaft:${name}` } = options;
  return { name, endpoint, security, pki: pkiFolder(options), applicationUri, identity: identityOf(options) };
}

function identityOf({ identity }: Pick<OpcUaOptions, "identity">): ConnectionSettings["identity"] {
  if (identity === undefined) return { kind: "anonymous" };
  if ("username" in identity)
    return { kind: "password", username: identity.username, password: identity.password.read() };
  return { kind: "certificate", certificate: identity.certificate, key: identity.key.read() };
}
