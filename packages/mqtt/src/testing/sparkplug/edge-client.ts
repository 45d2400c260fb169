import { connectAsync } from "mqtt";
import type { MqttClient } from "mqtt";
import { Edge, born, changed } from "./edge.ts";

/** The one metric's alias. */
const ALIAS = 1;

/** An edge node with a number `n`, at a real broker, that waits for its primary host as the specification wants it (tck-id-host-topic-phid). */
export class EdgeClient {
  readonly #edge = new Edge();
  readonly #url: string;
  readonly #state: string;
  #client: MqttClient | undefined;
  #value = 0;
  #online = false;

  private constructor(url: string, hostId: string) {
    this.#url = url;
    this.#state = `spBv1.0/STATE/${hostId}`;
  }

  static async connect(url: string, hostId: string): Promise<EdgeClient> {
    const node = new EdgeClient(url, hostId);
    await node.#connect();
    return node;
  }

  get tag(): string {
    return `${this.#edge.group}/${this.#edge.node}/n`;
  }

  set(value: number): void {
    this.#value = value;
    this.#edge.time++;
    if (this.#online) this.#publish(this.#edge.ndata([changed(ALIAS, value)]));
  }

  /** Gone without a word; the broker tells of its death. */
  lose(): void {
    if (this.#client === undefined) return;
    this.#client.options.reconnectPeriod = 0;
    this.#client.stream.destroy();
    this.#online = false;
  }

  async bringBack(value: number): Promise<void> {
    await this.#client?.endAsync(true);
    this.#value = value;
    this.#edge.bdSeq++;
    this.#edge.time++;
    await this.#connect();
  }

  async close(): Promise<void> {
    await this.#client?.endAsync(true);
  }

  async #connect(): Promise<void> {
    const { topic, payload } = this.#edge.ndeath();
    const client = await connectAsync(this.#url, {
      reconnectPeriod: 50,
      will: { topic, payload, qos: 1, retain: false },
    });
    this.#client = client;
    client.on("message", (heard, told) => {
      if (heard === this.#state) this.#online = (JSON.parse(told.toString()) as { online: boolean }).online;
      // Its host is there, or asks for it.
      if (this.#online) this.#publish(this.#edge.nbirth([born("n", this.#value, ALIAS)]));
    });
    const { group, node } = this.#edge;
    await client.subscribeAsync([this.#state, `spBv1.0/${group}/NCMD/${node}`], { qos: 1 });
  }

  #publish({ topic, payload }: { topic: string; payload: Buffer }): void {
    this.#client?.publish(topic, payload, { qos: 0 });
  }
}
