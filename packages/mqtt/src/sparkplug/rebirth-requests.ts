import type { Clock, Timer } from "@lineshaft/core";

/** How requests for a rebirth are spread, so that a host that comes back does not set off all of a plant at once. */
export interface RebirthPace {
  /** A request waits for up to this long, by chance; what arrives by itself meanwhile needs none, in ms. */
  jitterMs: number;
  /** Shortest time between two requests to one edge node; it doubles while they do not help, in ms. */
  intervalMs: number;
  /** What it doubles to at most, in ms. */
  longestMs: number;
  /** Most requests in a second, to all edge nodes together. */
  perSecond: number;
}

interface Request {
  timer: Timer | undefined;
  /** When the last one was sent. */
  sent: number | undefined;
  /** Shortest time until the next one, in ms. */
  intervalMs: number;
}

/** Asks edge nodes for a rebirth, again and again until they answer, at the pace that was set. */
export class RebirthRequests<Node> {
  readonly #pace: RebirthPace;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #requests = new Map<Node, Request>();
  #send: ((node: Node) => void) | undefined;
  /** Before this nothing may be sent, ms since 1970. */
  #free = 0;

  constructor(pace: RebirthPace, clock: Clock, random: () => number) {
    this.#pace = pace;
    this.#clock = clock;
    this.#random = random;
  }

  /** From now on requests are sent; until then those asked for wait. */
  start(send: (node: Node) => void): void {
    this.#send = send;
    for (const [node, request] of this.#requests) if (request.timer) this.#plan(node, request);
  }

  /** Nothing is sent any more, and what was asked for is forgotten. The pace is not. */
  stop(): void {
    this.#send = undefined;
    for (const request of this.#requests.values()) this.#cancel(request);
  }

  /** A rebirth of this node is needed. Asking twice makes one request. */
  ask(node: Node): void {
    const request = this.#requests.get(node) ?? { timer: undefined, sent: undefined, intervalMs: 0 };
    this.#requests.set(node, request);
    if (request.timer === undefined) this.#plan(node, request);
  }

  /** The node was born, or died: nothing is needed of it for now. */
  settle(node: Node): void {
    const request = this.#requests.get(node);
    if (request !== undefined) this.#cancel(request);
  }

  #plan(node: Node, request: Request): void {
    this.#cancel(request);
    const now = this.#clock.now();
    const { jitterMs, intervalMs, longestMs } = this.#pace;
    // A node that stayed well for long begins anew; one that needs a rebirth soon after the last is asked ever more rarely.
    if (request.sent === undefined || now - request.sent >= 2 * longestMs) request.intervalMs = intervalMs;
    const due = request.sent === undefined ? now : Math.max(now, request.sent + request.intervalMs);
    request.timer = this.#clock.after(due - now + this.#random() * jitterMs, () => this.#fire(node, request));
  }

  #fire(node: Node, request: Request): void {
    // Nothing is planned here before `start`: it plans what waits.
    if (this.#send === undefined) return;
    const now = this.#clock.now();
    if (now < this.#free) {
      request.timer = this.#clock.after(this.#free - now, () => this.#fire(node, request));
      return;
    }
    this.#free = now + 1000 / this.#pace.perSecond;
    if (request.sent !== undefined) request.intervalMs = Math.min(2 * request.intervalMs, this.#pace.longestMs);
    request.sent = now;
    this.#send(node);
    this.#plan(node, request);
  }

  #cancel(request: Request): void {
    request.timer?.cancel();
    request.timer = undefined;
  }
}
