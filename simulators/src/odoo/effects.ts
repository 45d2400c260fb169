/** How often each of our tokens took effect: what "once" is checked against. */
export class Effects {
  readonly #counts = new Map<string, number>();

  add(key: string): void {
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  of(key: string): number {
    return this.#counts.get(key) ?? 0;
  }

  entries(): Record<string, number> {
    return Object.fromEntries(this.#counts);
  }
}
