import { setTimeout as after } from "node:timers/promises";
import { DeleteSubscriptionsRequest, TransferSubscriptionsRequest } from "node-opcua-client";
import type { MonitoredItemNotification } from "node-opcua-client";
import type { TagChange } from "@lineshaft/core";
import type { FromChild, ReadingSettings } from "../protocol.ts";
import { GapKeeper } from "./gap-keeper.ts";
import type { Link } from "./link.ts";
import { monitor } from "./monitored-items.ts";
import type { Namespaces } from "./node-ids.ts";
import type { Outbox } from "./outbox.ts";
import { PUBLISHES_IN_FLIGHT, Subscription } from "./subscription.ts";
import type { Heard, Message } from "./subscription.ts";
import { byTime } from "./tag-order.ts";
import type { Tag } from "./tags.ts";
import { arrivalOf } from "./arrival.ts";

/** After so many signs of life that did not come the server counts as gone, */
const KEEP_ALIVES_MISSED = 2;
/** and after so long in addition, ms: a busy server is late. */
const KEEP_ALIVE_GRACE_MS = 2_000;
/** How often the silence is looked at, ms. */
const WATCH_MS = 1_000;
/** Nodes that the server did not have are asked for again so often, ms: a machine's program may be loaded later. */
const REFUSED_AGAIN_MS = 60_000;
/** Wait after a question that failed while the connection stood, ms. */
const FAILED_WAIT_MS = 1_000;

export interface ReaderOptions {
  link: Link;
  outbox: Outbox;
  tags: readonly Tag[];
  settings: ReadingSettings;
  say: (message: FromChild) => void;
}

/** Keeps one subscription alive over breaks and restarts of the server, and hands over what it says. */
export class Reader {
  readonly #link: Link;
  readonly #outbox: Outbox;
  readonly #tags: readonly Tag[];
  readonly #settings: ReadingSettings;
  readonly #say: (message: FromChild) => void;
  readonly #gaps: GapKeeper;
  #subscription: Subscription | undefined;
  #sessionId = "";
  #namespaces: Namespaces | undefined;
  #connected = false;
  #asking = 0;
  #heardAt = 0;
  /** Work on answers and breaks, one after the other. */
  #turn: Promise<void> = Promise.resolve();

  constructor({ link, outbox, tags, settings, say }: ReaderOptions) {
    this.#link = link;
    this.#outbox = outbox;
    this.#tags = tags;
    this.#settings = settings;
    this.#say = say;
    this.#gaps = new GapKeeper({ outbox, settings, log: (message, fields) => this.#warn(message, fields) });
  }

  get connected(): boolean {
    return this.#connected;
  }

  get items(): number {
    return this.#tags.filter((tag) => tag.refused === undefined).length;
  }

  async start(): Promise<void> {
    const { resume } = this.#settings;
    if (resume !== undefined) this.#gaps.breakAt(this.#tags, (tag) => resume.times.get(tag.name), resume.reason);
    this.#link.onLost(() => this.#lose("The connection broke."));
    this.#link.onBack(() => this.#inTurn(() => this.#recover()));
    this.#connected = true;
    await this.#subscribe(await this.#link.namespaces());
    setInterval(() => this.#watch(), WATCH_MS).unref();
    setInterval(() => this.#inTurn(() => this.#askForRefused()), REFUSED_AGAIN_MS).unref();
  }

  #inTurn(work: () => Promise<void>): void {
    this.#turn = this.#turn.then(work).catch((error: unknown) => {
      this.#warn("Work on the subscription failed; the connection is made anew.", { error: String(error) });
      this.#link.breakOff();
    });
  }

  async #subscribe(namespaces: Namespaces): Promise<void> {
    const { session } = this.#link;
    this.#namespaces = namespaces;
    this.#sessionId = session.sessionId.toString();
    for (const tag of this.#tags) tag.nodeId = namespaces.resolve(tag.node);
    this.#subscription = await Subscription.create(session, this.#settings.publishingMs);
    for (const tag of this.#tags) tag.refused = tag.nodeId === undefined ? "BadNodeIdUnknown" : undefined;
    await this.#monitor(this.#tags);
    this.#gaps.begin();
    this.#ask();
  }

  async #monitor(tags: readonly Tag[]): Promise<void> {
    if (this.#subscription === undefined) return;
    const before = new Map(tags.map((tag) => [tag, tag.last?.said]));
    const { withoutDeadband } = await monitor(this.#link.session, this.#subscription.id, tags);
    if (withoutDeadband.length > 0)
      this.#warn(`The server does no deadband for ${withoutDeadband.length} tags: all of their changes are read.`, {
        tags: withoutDeadband.slice(0, TAGS_TOLD).map((tag) => tag.name),
      });
    const refused = tags.filter((tag) => tag.refused !== undefined && before.get(tag) !== tag.refused);
    if (refused.length === 0) return;
    this.#warn(`The server does not give ${refused.length} tags.`, {
      tags: refused.slice(0, TAGS_TOLD).map((tag) => `${tag.name}: ${tag.refused}`),
    });
    const now = Date.now();
    void this.#outbox.changes(
      refused.map((tag) => {
        const said = tag.refused ?? "";
        tag.last = { tag: tag.name, value: null, quality: "bad", sourceTime: now, receivedTime: now, said };
        return tag.last;
      }),
    );
  }

  async #askForRefused(): Promise<void> {
    const refused = this.#tags.filter((tag) => tag.refused !== undefined);
    if (refused.length === 0 || !this.#connected) return;
    const namespaces = await this.#link.namespaces();
    for (const tag of refused) tag.nodeId = namespaces.resolve(tag.node);
    await this.#monitor(refused);
  }

  /** Keeps `PUBLISHES_IN_FLIGHT` questions at the server, as long as there is room for the answers. */
  #ask(): void {
    this.#heardAt = Date.now();
    while (this.#connected && this.#asking < PUBLISHES_IN_FLIGHT) {
      this.#asking++;
      void this.#askOnce().finally(() => {
        this.#asking--;
        this.#ask();
      });
    }
  }

  async #askOnce(): Promise<void> {
    await this.#outbox.room();
    const subscription = this.#subscription;
    if (subscription === undefined || !this.#connected) {
      await after(FAILED_WAIT_MS);
      return;
    }
    try {
      const answer = await subscription.publish();
      this.#heardAt = Date.now();
      this.#inTurn(() => this.#takeAll(subscription, subscription.hear(answer)));
    } catch (error) {
      const said = String(error);
      if (this.#connected && /BadNoSubscription|BadSubscriptionIdInvalid/.test(said))
        this.#inTurn(() => this.#replace(subscription, said));
      // Too many questions, or a break that is about to be noticed: wait, then ask again.
      await after(FAILED_WAIT_MS);
    }
  }

  async #takeAll(subscription: Subscription, heard: AsyncGenerator<Heard>): Promise<void> {
    for await (const one of heard) {
      if (subscription !== this.#subscription) return;
      switch (one.kind) {
        case "message":
          this.#take(one.message);
          break;
        case "alive":
          this.#gaps.settle(this.#link.session);
          break;
        case "missed":
          this.#gaps.breakAt(this.#tags, newest, `The server lost messages: ${one.said}.`);
          break;
        case "ended":
          return this.#replace(subscription, one.said);
      }
    }
  }

  #take({ items, more, taken }: Message): void {
    const receivedTime = Date.now();
    const changes = this.#inOrder(items, receivedTime);
    if (changes.length === 0) taken();
    else void this.#outbox.changes(changes).then(taken);
    if (!more) this.#gaps.settle(this.#link.session);
  }

  #inOrder(items: readonly MonitoredItemNotification[], receivedTime: number): TagChange[] {
    const arrivals = items.flatMap((item) => {
      const tag = this.#tags[item.clientHandle];
      return tag === undefined ? [] : [arrivalOf(tag, item.value, receivedTime)];
    });
    const changes: TagChange[] = [];
    for (const { tag, arrival, overflow } of arrivals.sort((a, b) => byTime(a.arrival, b.arrival))) {
      const before = tag.order.newestTime;
      const place = tag.order.place(arrival);
      if (overflow && Number.isFinite(before))
        this.#gaps.mark(
          { tag, from: before, to: arrival.change.sourceTime },
          "The server's queue overflowed: values came faster than they could be sent.",
        );
      if (place === "late") {
        changes.push({ ...arrival.change, historical: true });
        continue;
      }
      if (place === "duplicate" && !tag.stale) continue;
      if (place === "set-back")
        this.#warn(`The clock of ${tag.name} went back by more than a minute; its newer values are taken as they are.`);
      tag.last = arrival.change;
      tag.stale = false;
      changes.push(arrival.change);
    }
    return changes;
  }

  #lose(reason: string): void {
    if (!this.#connected) return;
    this.#connected = false;
    const receivedTime = Date.now();
    const said = `${reason} What the value is now is not known.`;
    const stale = this.#tags.filter((tag) => tag.last !== undefined && !tag.stale && tag.refused === undefined);
    for (const tag of stale) tag.stale = true;
    this.#warn(`${reason} It is made anew.`);
    void this.#outbox.changes(
      stale.map((tag) => ({ ...(tag.last as TagChange), quality: "stale", receivedTime, said })),
    );
    this.#gaps.breakAt(this.#tags, newest, reason);
  }

  /** The connection is back: with the session and subscription it had, with a transferred one, or with a new one. */
  async #recover(): Promise<void> {
    const subscription = this.#subscription;
    const namespaces = await this.#link.namespaces();
    this.#connected = true;
    const kept =
      subscription !== undefined &&
      this.#namespaces?.same(namespaces) === true &&
      (await this.#transfer(subscription)) &&
      (await this.#catchUp(subscription));
    if (kept) {
      this.#log("The connection is back; the server kept the subscription.");
      this.#refresh();
      this.#gaps.begin();
      this.#ask();
      return;
    }
    if (subscription !== undefined) await this.#delete(subscription);
    await this.#subscribe(namespaces);
    this.#log("The connection is back, with a new subscription.");
  }

  async #replace(subscription: Subscription, said: string): Promise<void> {
    if (subscription !== this.#subscription || !this.#connected) return;
    this.#gaps.breakAt(this.#tags, newest, `The server ended the subscription: ${said}.`);
    await this.#subscribe(await this.#link.namespaces());
  }

  /** A new session takes the subscription over from the old one, where the server does that (S7-1500 and CODESYS don't). */
  async #transfer(subscription: Subscription): Promise<boolean> {
    const { session } = this.#link;
    const sessionId = session.sessionId.toString();
    if (sessionId === this.#sessionId) return true;
    const request = new TransferSubscriptionsRequest({ subscriptionIds: [subscription.id], sendInitialValues: true });
    try {
      const answer = await session.transferSubscriptions(request);
      if (answer.results?.[0]?.statusCode.isGoodish() !== true) return false;
    } catch {
      return false;
    }
    this.#sessionId = sessionId;
    return true;
  }

  async #catchUp(subscription: Subscription): Promise<boolean> {
    for await (const one of subscription.catchUp()) {
      if (one.kind === "ended") return false;
      if (one.kind === "message") this.#take(one.message);
    }
    return true;
  }

  async #delete({ id }: Subscription): Promise<void> {
    this.#subscription = undefined;
    const request = new DeleteSubscriptionsRequest({ subscriptionIds: [id] });
    try {
      await this.#link.session.deleteSubscriptions(request);
    } catch {
      // A server that started anew has it no more.
    }
  }

  /** The server tells only what changed: what didn't is as it was. */
  #refresh(): void {
    const receivedTime = Date.now();
    const stale = this.#tags.filter((tag) => tag.stale);
    for (const tag of stale) tag.stale = false;
    void this.#outbox.changes(stale.map((tag) => ({ ...(tag.last as TagChange), receivedTime })));
  }

  #watch(): void {
    const subscription = this.#subscription;
    if (!this.#connected || subscription === undefined || this.#asking === 0) return;
    const silence = Date.now() - this.#heardAt;
    if (silence < KEEP_ALIVES_MISSED * subscription.keepAliveMs + KEEP_ALIVE_GRACE_MS) return;
    this.#lose(`The server has been silent for ${Math.round(silence / 1000)} s.`);
    this.#link.breakOff();
  }

  #warn(message: string, fields?: object): void {
    this.#say({ kind: "log", level: "warn", message, ...(fields && { fields }) });
  }

  #log(message: string): void {
    this.#say({ kind: "log", level: "info", message });
  }
}

/** Most tags named in one line of the log. */
const TAGS_TOLD = 20;

function newest(tag: Tag): number | undefined {
  return Number.isFinite(tag.order.newestTime) ? tag.order.newestTime : undefined;
}
