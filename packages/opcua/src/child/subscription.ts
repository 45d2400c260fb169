import {
  DataChangeNotification,
  PublishRequest,
  RepublishRequest,
  StatusChangeNotification,
  StatusCodes,
  promoteOpaqueStructureInNotificationData,
} from "node-opcua-client";
import type {
  MonitoredItemNotification,
  NotificationMessage,
  PublishResponse,
  RepublishResponse,
} from "node-opcua-client";
import type { Session } from "./link.ts";

/** The server says that it is there at least so often, ms. */
const KEEP_ALIVE_MS = 5_000;
/** How long the server keeps the subscription while nobody asks, ms. */
const LIFETIME_MS = 600_000;
/** Most values in one answer. */
const NOTIFICATIONS_PER_PUBLISH = 5_000;
/** Questions that the server has in hand, so that it can always send. */
export const PUBLISHES_IN_FLIGHT = 3;
/** Longest wait for an answer to one, ms: it comes with the next change or sign of life, after those before it. */
const PUBLISH_ANSWER_MS = 120_000;
/** Messages asked for again after a break or jump at most. */
const REPUBLISHED = 1_000;

export interface Message {
  items: readonly MonitoredItemNotification[];
  /** The server has more to send at once. */
  more: boolean;
  /** Call it when the hub has taken the values; from then on the server need not keep them. */
  taken: () => void;
}

export type Heard =
  | { kind: "message"; message: Message }
  /** Nothing changed. */
  | { kind: "alive" }
  /** Messages are missing, and the server doesn't have them any more. */
  | { kind: "missed"; said: string }
  /** The server has ended the subscription. */
  | { kind: "ended"; said: string };

/**
 * One subscription of the server, by its plain services: its messages in the order of their numbers, each once. A message
 * that is missing is asked for again (Republish), and is acknowledged only when the hub has taken it, so that the server
 * keeps it until then.
 */
export class Subscription {
  readonly id: number;
  readonly keepAliveMs: number;
  readonly #session: Session;
  #next = 1;
  #acknowledge: number[] = [];

  private constructor(session: Session, id: number, keepAliveMs: number) {
    this.#session = session;
    this.id = id;
    this.keepAliveMs = keepAliveMs;
  }

  static async create(session: Session, publishingMs: number): Promise<Subscription> {
    const keepAliveCount = Math.max(1, Math.round(KEEP_ALIVE_MS / publishingMs));
    const made = await session.createSubscription({
      requestedPublishingInterval: publishingMs,
      requestedMaxKeepAliveCount: keepAliveCount,
      requestedLifetimeCount: Math.max(3 * keepAliveCount, Math.round(LIFETIME_MS / publishingMs)),
      maxNotificationsPerPublish: NOTIFICATIONS_PER_PUBLISH,
      publishingEnabled: true,
    });
    return new Subscription(
      session,
      made.subscriptionId,
      made.revisedPublishingInterval * made.revisedMaxKeepAliveCount,
    );
  }

  /** One question to the server. @throws Error as the service failed */
  async publish(): Promise<PublishResponse> {
    const acknowledge = this.#acknowledge.splice(0);
    try {
      return await call<PublishResponse>((done) =>
        this.#session.publish(
          new PublishRequest({
            requestHeader: { timeoutHint: PUBLISH_ANSWER_MS },
            subscriptionAcknowledgements: acknowledge.map((sequenceNumber) => ({
              subscriptionId: this.id,
              sequenceNumber,
            })),
          }),
          done,
        ),
      );
    } catch (error) {
      // Whether it heard them is unknown; a second acknowledgement does no harm.
      this.#acknowledge.push(...acknowledge);
      throw error;
    }
  }

  /** What an answer brings, in order, with what had to be asked for again before it. */
  async *hear(answer: PublishResponse): AsyncGenerator<Heard> {
    const message = answer.notificationMessage;
    if (answer.subscriptionId !== this.id) return;
    const keepAlive = (message.notificationData ?? []).length === 0;
    const ahead = (message.sequenceNumber - this.#next) >>> 0;
    // More than half the range ahead is behind: it has been here already, by Republish.
    if (ahead > 0x7fff_ffff) return;
    if (ahead > 0) yield* this.#askAgain(ahead, true);
    if (keepAlive) yield { kind: "alive" };
    else yield* this.#open(message, answer.moreNotifications);
  }

  /** After a break: what the server sent and we have not heard. */
  async *catchUp(): AsyncGenerator<Heard> {
    yield* this.#askAgain(REPUBLISHED, false);
  }

  async #republish(sequenceNumber: number): Promise<NotificationMessage> {
    const request = new RepublishRequest({ subscriptionId: this.id, retransmitSequenceNumber: sequenceNumber });
    const answer = await call<RepublishResponse>((done) => this.#session.republish(request, done));
    return answer.notificationMessage;
  }

  /** The next `count` messages; `certain`: the server has said by its numbers that there are so many. */
  async *#askAgain(count: number, certain: boolean): AsyncGenerator<Heard> {
    for (let at = 0; at < count; at++) {
      let message: NotificationMessage;
      try {
        message = await this.#republish(this.#next);
      } catch (error) {
        const said = error instanceof Error ? error.message : String(error);
        if (said.includes(StatusCodes.BadMessageNotAvailable.name)) {
          if (!certain) return;
          yield { kind: "missed", said: `message ${this.#next} is not available any more` };
          this.#next = after(this.#next);
          continue;
        }
        if (said.includes(StatusCodes.BadSubscriptionIdInvalid.name)) return yield { kind: "ended", said };
        throw error;
      }
      yield* this.#open(message, true);
    }
  }

  async *#open(message: NotificationMessage, more: boolean): AsyncGenerator<Heard> {
    const { sequenceNumber } = message;
    this.#next = after(sequenceNumber);
    const data = (message.notificationData ?? []).filter((one) => one !== null);
    await promoteOpaqueStructureInNotificationData(this.#session, data).catch(() => {});
    const items = data.flatMap((one) => (one instanceof DataChangeNotification ? (one.monitoredItems ?? []) : []));
    const taken = () => void this.#acknowledge.push(sequenceNumber);
    yield { kind: "message", message: { items, more, taken } };
    for (const one of data)
      if (one instanceof StatusChangeNotification && one.status.isNotGood())
        yield { kind: "ended", said: one.status.name };
  }
}

/** Numbers go from 1 to 2^32 - 1 and begin again with 1 (part 4 §7.25). */
function after(sequenceNumber: number): number {
  return sequenceNumber >= 0xffff_ffff ? 1 : sequenceNumber + 1;
}

function call<T>(run: (done: (error: Error | null, answer?: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    run((error, answer) => (error || answer === undefined ? reject(error ?? new Error("no answer")) : resolve(answer)));
  });
}
