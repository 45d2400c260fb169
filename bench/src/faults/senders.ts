import { type MqttClient, connectAsync } from "mqtt";
import { Pool } from "undici";
import { atMost, pause } from "../pause.ts";
import { type MqttInput, completionTopic } from "./hub-options.ts";
import { CONTRACT, type PlannedFact, payloadOf } from "./fact-plan.ts";
import type { Violations } from "./violations.ts";

/** How long a sender waits for the hub's answer, in ms, and before it tries again. */
const ANSWER_MS = 3_000;
const AGAIN_MS = 100;

/** What senders were told. */
export class Acknowledged {
  /** Message number by fact id. */
  readonly accepted = new Map<string, number>();
  readonly refused = new Set<string>();
  /** Ids of facts that the broker took: it owes them to the hub. */
  readonly published = new Set<string>();
  duplicates = 0;
}

/** Sends facts over HTTP until they are answered, as a careful sender does: the same fact, under the same id, to any of the hubs. */
export class HttpSender {
  readonly #pools: readonly Pool[];
  readonly #told: Acknowledged;
  readonly #violations: Violations;
  #tries = 0;

  constructor(urls: readonly string[], told: Acknowledged, violations: Violations) {
    this.#pools = urls.map((url) => new Pool(url, { connections: 16 }));
    this.#told = told;
    this.#violations = violations;
  }

  /** Resolves when it is answered for good, or with the signal. */
  async send(fact: PlannedFact, signal: AbortSignal, changed?: { quantity: string }): Promise<void> {
    while (!signal.aborted) {
      const answer = await this.#post(JSON.stringify(payloadOf(fact, changed)));
      if (answer !== undefined && this.#settles(fact, answer, changed !== undefined)) return;
      await pause(AGAIN_MS);
    }
  }

  /** One try; undefined when nobody knows. `code` is the hub's own word for what was wrong. */
  async sendOnce(fact: PlannedFact): Promise<{ status: number; code: string } | undefined> {
    const answer = await this.#post(JSON.stringify(payloadOf(fact)));
    if (answer === undefined) return undefined;
    this.#settles(fact, answer, false);
    const { code = "" } = JSON.parse(answer.text) as { code?: string };
    return { status: answer.status, code };
  }

  async close(): Promise<void> {
    await Promise.all(this.#pools.map((pool) => pool.destroy()));
  }

  /** Undefined when nobody knows: not reached, no answer. */
  async #post(body: string): Promise<{ status: number; message: number; text: string } | undefined> {
    const pool = this.#pools[this.#tries++ % this.#pools.length] as Pool;
    try {
      const { statusCode, body: answer } = await pool.request({
        method: "POST",
        path: `/v1/facts/${CONTRACT}`,
        headers: { "content-type": "application/json" },
        body,
        signal: AbortSignal.timeout(ANSWER_MS),
      });
      const text = await answer.text();
      const { message = 0 } = JSON.parse(text) as { message?: number };
      return { status: statusCode, message, text };
    } catch {
      // The hub is dead, stopped, or died while it answered: to a sender all the same.
      return undefined;
    }
  }

  #settles(fact: PlannedFact, answer: { status: number; message: number; text: string }, differs: boolean): boolean {
    const { status, message, text } = answer;
    if (status === 200 || status === 202) {
      if (status === 200) this.#told.duplicates++;
      const before = this.#told.accepted.get(fact.id) ?? message;
      if (before !== message)
        this.#violations.add(`Fact ${fact.id} was acknowledged as message ${before} and as ${message}.`);
      if (fact.kind === "invalid" || differs)
        this.#violations.add(`Fact ${fact.id} (${differs ? "a changed duplicate" : "invalid"}) was accepted.`);
      this.#told.accepted.set(fact.id, message);
      return true;
    }
    if (status === 409 && differs) return true;
    if (status === 422 && fact.kind === "invalid") {
      this.#told.refused.add(fact.id);
      return true;
    }
    if (status === 409 || (status >= 400 && status < 500 && status !== 429))
      this.#violations.add(`Fact ${fact.id} (${fact.kind}) was answered ${status}: ${text.slice(0, 300)}`);
    return status < 500 && status !== 429;
  }
}

/** Publishes with QoS 1, through restarts of the broker. */
export class MqttSender {
  readonly #client: MqttClient;
  readonly #session: string;
  readonly #told: Acknowledged;

  private constructor(client: MqttClient, session: string, told: Acknowledged) {
    this.#client = client;
    this.#session = session;
    this.#told = told;
  }

  static async connect(broker: MqttInput, told: Acknowledged): Promise<MqttSender> {
    const { url, protocolVersion, session } = broker;
    const client = await connectAsync(url, { protocolVersion, reconnectPeriod: 50, reconnectOnConnackError: true });
    // The broker restarts now and then. The client tries again by itself: told to do so as well, it opens two connections
    // at once and may forget on which of them it still owes a message.
    client.on("error", () => undefined);
    return new MqttSender(client, session, told);
  }

  /** Resolves when the broker has it, or with the signal. */
  async send(fact: PlannedFact, signal: AbortSignal, changed?: { quantity: string }): Promise<void> {
    await this.probe(fact, signal, changed);
    if (!signal.aborted) this.#told.published.add(fact.id);
  }

  /** The same, and the broker owes nothing: nobody may have subscribed yet. */
  async probe(fact: PlannedFact, signal: AbortSignal, changed?: { quantity: string }): Promise<void> {
    const topic = completionTopic(this.#session, fact.order);
    const body = JSON.stringify(payloadOf(fact, changed));
    while (!signal.aborted) {
      const taken = this.#client.publishAsync(topic, body, { qos: 1 }).then(() => true as const);
      if ((await atMost(ANSWER_MS, taken)) === true) return;
    }
  }

  async close(): Promise<void> {
    await this.#client.endAsync(true);
  }
}
