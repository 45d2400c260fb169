/**
 * Facts handed over and not yet acknowledged, in the order they came. Acknowledgements leave in that order
 * (MQTT 5.0 §4.6, MQTT-4.6.0-2), however their commits end, and many in one write.
 */
export class AckQueue {
  readonly #send: (messageIds: number[]) => void;
  #entries: Entry[] = [];
  /** Entries before this one are acknowledged. */
  #head = 0;
  #waiting = 0;
  #bytes = 0;
  #flushing = false;
  #idle: (() => void)[] = [];

  constructor(send: (messageIds: number[]) => void) {
    this.#send = send;
  }

  /** Facts not yet acknowledged. */
  get size(): number {
    return this.#entries.length - this.#head;
  }

  /** Their payloads together, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Adds a fact; `recorded` resolves once it is on disk. When it rejects, neither this fact nor any later one is
   * acknowledged any more.
   */
  add({ messageId, bytes, recorded }: NewEntry): void {
    const entry: Entry = { messageId, bytes, state: "waiting" };
    this.#entries.push(entry);
    this.#waiting++;
    this.#bytes += bytes;
    recorded.then(
      () => this.#settle(entry, "recorded"),
      () => this.#settle(entry, "failed"),
    );
  }

  /** Resolves when no commit is awaited. */
  async settled(): Promise<void> {
    if (this.#waiting > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
    this.flush();
  }

  /** Acknowledges all that may be. */
  flush(): void {
    this.#flushing = false;
    const ids: number[] = [];
    for (let entry = this.#entries[this.#head]; entry?.state === "recorded"; entry = this.#entries[++this.#head]) {
      this.#bytes -= entry.bytes;
      if (entry.messageId !== undefined) ids.push(entry.messageId);
    }
    // Dropping the acknowledged ones in big pieces keeps both memory and copying small.
    if (this.#head > 1024 || this.#head === this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head);
      this.#head = 0;
    }
    this.#send(ids);
  }

  #settle(entry: Entry, state: "recorded" | "failed"): void {
    entry.state = state;
    this.#waiting--;
    if (this.#waiting === 0) for (const resolve of this.#idle.splice(0)) resolve();
    if (this.#flushing) return;
    this.#flushing = true;
    // After all promises of the same commit, so that they share one write.
    process.nextTick(() => this.flush());
  }
}

interface NewEntry {
  /** Undefined for what needs no acknowledgement. */
  messageId: number | undefined;
  bytes: number;
  recorded: Promise<unknown>;
}

interface Entry {
  messageId: number | undefined;
  bytes: number;
  state: "waiting" | "recorded" | "failed";
}
