/** A heap of things by the time they fall due; the earliest first. */
export class DueQueue<T> {
  readonly #heap: { at: number; value: T }[] = [];

  get size(): number {
    return this.#heap.length;
  }

  /** When the earliest falls due. */
  get next(): number | undefined {
    return this.#heap[0]?.at;
  }

  add(at: number, value: T): void {
    const heap = this.#heap;
    heap.push({ at, value });
    for (let i = heap.length - 1; i > 0;) {
      const parent = (i - 1) >> 1;
      if (this.#at(parent) <= this.#at(i)) break;
      this.#swap(i, parent);
      i = parent;
    }
  }

  /** Takes out the earliest if it is due at `now`. */
  take(now: number): T | undefined {
    const first = this.#heap[0];
    if (first === undefined || first.at > now) return undefined;
    const last = this.#heap.pop();
    if (last !== undefined && this.#heap.length > 0) {
      this.#heap[0] = last;
      this.#sink();
    }
    return first.value;
  }

  #sink(): void {
    for (let i = 0; ;) {
      const left = 2 * i + 1;
      const right = left + 1;
      let least = i;
      if (left < this.#heap.length && this.#at(left) < this.#at(least)) least = left;
      if (right < this.#heap.length && this.#at(right) < this.#at(least)) least = right;
      if (least === i) return;
      this.#swap(i, least);
      i = least;
    }
  }

  #at(i: number): number {
    return this.#heap[i]?.at ?? Number.POSITIVE_INFINITY;
  }

  #swap(i: number, j: number): void {
    const [a, b] = [this.#heap[i], this.#heap[j]];
    if (a === undefined || b === undefined) return;
    this.#heap[i] = b;
    this.#heap[j] = a;
  }
}
