/** Most cookies kept for one service. */
const MAX_COOKIES = 50;

/** The cookies of one session with one service. SAP binds a CSRF token to them. */
export class CookieJar {
  readonly #cookies = new Map<string, string>();

  /** Takes in `Set-Cookie` lines; an emptied or expired cookie goes. */
  store(lines: readonly string[]): void {
    for (const line of lines) {
      const [pair = "", ...attributes] = line.split(";");
      const equals = pair.indexOf("=");
      if (equals <= 0) continue;
      const name = pair.slice(0, equals).trim();
      const value = pair.slice(equals + 1).trim();
      const gone = value === "" || attributes.some((attribute) => /^\s*max-age\s*=\s*0\s*$/i.test(attribute));
      if (gone) this.#cookies.delete(name);
      else if (this.#cookies.has(name) || this.#cookies.size < MAX_COOKIES) this.#cookies.set(name, value);
    }
  }

  /** Value of the `Cookie` header, undefined when there is none. */
  header(): string | undefined {
    if (this.#cookies.size === 0) return undefined;
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  }
}
