import { MAX_SESSIONS } from "./limits.ts";

/** Security sessions: a cookie and the CSRF token that belongs to it. */
export class Sessions {
  readonly #tokens = new Map<string, string>();
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** The session of the cookie, or a new one. */
  open(cookie: string | undefined): { id: string; token: string; isNew: boolean } {
    const known = cookie === undefined ? undefined : this.#tokens.get(cookie);
    if (cookie !== undefined && known !== undefined) return { id: cookie, token: known, isNew: false };
    const id = this.#word(24);
    const token = `${this.#word(22)}==`;
    const [oldest] = this.#tokens.keys();
    if (oldest !== undefined && this.#tokens.size >= MAX_SESSIONS) this.#tokens.delete(oldest);
    this.#tokens.set(id, token);
    return { id, token, isNew: true };
  }

  holds(cookie: string | undefined, token: string | undefined): boolean {
    return cookie !== undefined && token !== undefined && this.#tokens.get(cookie) === token;
  }

  clear(): void {
    this.#tokens.clear();
  }

  #word(length: number): string {
    let word = "";
    while (word.length < length) word += Math.floor(this.#random() * 36).toString(36);
    return word;
  }
}

export const SESSION_COOKIE = "SAP_SESSIONID_S4H_100";

export function sessionCookie(header: string | undefined): string | undefined {
  const pairs = (header ?? "").split(";").map((pair) => pair.trim());
  return pairs.find((pair) => pair.startsWith(`${SESSION_COOKIE}=`))?.slice(SESSION_COOKIE.length + 1);
}
