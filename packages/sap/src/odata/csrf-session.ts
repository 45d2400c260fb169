import { UnavailableError } from "@lineshaft/core";
import { untilAborted } from "../until-aborted.ts";
import { CookieJar } from "./cookie-jar.ts";
import type { HttpAnswer, HttpRequest, HttpSession } from "./http-session.ts";
import { refusalOf } from "./refusal.ts";

interface Session {
  token: string;
  cookies: CookieJar;
}

/**
 * The session with one service: its CSRF token and the cookies the token belongs to. The token is fetched once for all
 * who need it at the same time: of several fetched side by side, each belongs to another session, and mixing them up is
 * refused.
 */
export class CsrfSession {
  readonly #http: HttpSession;
  /** `/sap/opu/odata/sap/API_…_SRV/` */
  readonly #root: string;
  #session: Promise<Session> | undefined;
  readonly #closed = new AbortController();

  constructor(http: HttpSession, root: string) {
    this.#http = http;
    this.#root = root;
  }

  /**
   * Sends a request that changes something. It is sent a second time in one case only: 403 with `x-csrf-token: Required`,
   * with which SAP refuses before it looks at the body.
   */
  async send(call: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    const first = this.#session ?? this.#fetch();
    const answer = await this.#sendIn(await untilAborted(first, signal), call, signal);
    if (!asksForToken(answer)) return answer;
    if (this.#session === first) this.#session = undefined;
    return this.#sendIn(await untilAborted(this.#session ?? this.#fetch(), signal), call, signal);
  }

  close(): void {
    this.#closed.abort(new Error("closed"));
  }

  async #sendIn(session: Session, call: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    const cookie = session.cookies.header();
    const headers = { ...call.headers, "x-csrf-token": session.token, ...(cookie !== undefined && { cookie }) };
    const answer = await this.#http.request({ ...call, headers }, signal);
    session.cookies.store(answer.setCookies);
    return answer;
  }

  #fetch(): Promise<Session> {
    const session = this.#fetchToken();
    this.#session = session;
    session.catch(() => {
      if (this.#session === session) this.#session = undefined;
    });
    return session;
  }

  async #fetchToken(): Promise<Session> {
    const headers = { "x-csrf-token": "Fetch" };
    const call = { method: "GET", path: this.#root, headers, effect: false } as const;
    const answer = await this.#http.request(call, this.#closed.signal);
    const refusal = refusalOf(answer, { system: this.#http.options.system, action: `the session with ${this.#root}` });
    // Nothing has been asked of SAP yet but a token: whatever it said, the item is not to blame.
    if (refusal) {
      throw new UnavailableError(refusal.message, {
        next: refusal.next,
        ...(refusal.said !== undefined && { said: refusal.said }),
        ...(refusal instanceof UnavailableError &&
          refusal.retryAfterMs !== undefined && { retryAfterMs: refusal.retryAfterMs }),
        cause: refusal,
      });
    }
    const token = answer.headers["x-csrf-token"];
    if (token === undefined || token === "") {
      throw new UnavailableError(`${this.#http.options.system} gave no CSRF token for ${this.#root}.`, {
        next: "Let the proxy in front of SAP pass the header x-csrf-token in both directions.",
      });
    }
    const cookies = new CookieJar();
    cookies.store(answer.setCookies);
    return { token, cookies };
  }
}

function asksForToken(answer: HttpAnswer): boolean {
  return answer.status === 403 && answer.headers["x-csrf-token"]?.toLowerCase() === "required";
}
