/** Remembers the newest content of the most recent records; older ones are forgotten, and the ledger knows them anyway. */
export class Seen {
  readonly #limit: number;
  readonly #contents = new Map<number, string>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Whether this content of this record was recorded before. */
  has(id: number, content: string): boolean {
    return this.#contents.get(id) === content;
  }

  add(id: number, content: string): void {
    this.#contents.delete(id);
    this.#contents.set(id, content);
    if (this.#contents.size <= this.#limit) return;
    const [oldest] = this.#contents.keys();
    if (oldest !== undefined) this.#contents.delete(oldest);
  }
}
