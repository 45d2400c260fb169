/** Facts handed over and not yet answered, so that a source that must end can answer them all. */
export class InFlight {
  readonly #waiting = new Set<(error: Error) => void>();

  get size(): number {
    return this.#waiting.size;
  }

  /** Settles as `work` does, or rejects when `cut` comes first. Keeps nothing once it has settled. */
  wait<T>(work: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#waiting.add(reject);
      work.then(resolve, reject).finally(() => this.#waiting.delete(reject));
    });
  }

  cut(error: Error): void {
    for (const reject of this.#waiting) reject(error);
    this.#waiting.clear();
  }
}
