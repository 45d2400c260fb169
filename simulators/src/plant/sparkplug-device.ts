import type { Clock } from "@lineshaft/core";
import { type MqttClient, connect } from "mqtt";
import { type Machine, machineStates } from "./machine.ts";
import { type SparkplugMetric, sparkplugPayload } from "./sparkplug-payload.ts";

export interface SparkplugDeviceOptions {
  machine: Machine;
  /** `mqtt://127.0.0.1:1883` */
  brokerUrl: string;
  group: string;
  edgeNode: string;
  /** The host application that it waits for before it says anything (Sparkplug 3.0 §5.4, primary host). */
  primaryHost: string;
  clock: Clock;
}

export interface SparkplugDevice extends AsyncDisposable {
  /** Sends what changed. Nothing is lost without a connection: the next birth says it all. */
  show(): void;
}

type Typed = SparkplugMetric["as"];

const metrics: readonly { name: string; as: Typed; value: (machine: Machine) => SparkplugMetric["value"] }[] = [
  { name: "Count/Good", as: "UInt32", value: ({ memory }) => memory.good },
  { name: "Count/Scrap", as: "UInt32", value: ({ memory }) => memory.scrap },
  { name: "State", as: "Int32", value: ({ state }) => machineStates[state] },
  { name: "Reason", as: "String", value: ({ reason }) => reason },
  { name: "Temperature", as: "Double", value: ({ temperature }) => temperature },
  { name: "Order/Product", as: "String", value: ({ memory }) => memory.order?.product ?? "" },
  { name: "Order/Number", as: "String", value: ({ memory }) => memory.order?.productionOrder ?? "" },
];

const RECONNECT_MS = 500;
const REBIRTH = "Node Control/Rebirth";
/** bdSeq and seq begin anew after it. */
const SEQ_END = 255;

/**
 * A Sparkplug B edge node with one device, named as the machine. Order of calls as in Sparkplug 3.0 §5.4: it connects with
 * its death as will, waits for its primary host, is born, and sends changes by alias. Asked for a rebirth, it is born again;
 * when its host goes offline, it says its death and waits on a connection of its own.
 */
export function startSparkplugDevice(options: SparkplugDeviceOptions): SparkplugDevice {
  const node = new EdgeNode(options);
  node.connect();
  return {
    show: () => node.sendChanges(),
    [Symbol.asyncDispose]: () => node.leave(),
  };
}

class EdgeNode {
  readonly #o: SparkplugDeviceOptions;
  readonly #stateTopic: string;
  #client: MqttClient | undefined;
  #bdSeq = -1;
  #seq = 0;
  #born = false;
  #sent: SparkplugMetric["value"][] = [];
  #left = false;

  constructor(options: SparkplugDeviceOptions) {
    this.#o = options;
    this.#stateTopic = `spBv1.0/STATE/${options.primaryHost}`;
  }

  /** One connection with one birth-death number: it is made anew rather than repaired, because the will carries the number. */
  connect(): void {
    this.#bdSeq = (this.#bdSeq + 1) % (SEQ_END + 1);
    const client = connect(this.#o.brokerUrl, {
      clientId: `${this.#o.group}-${this.#o.edgeNode}`,
      clean: true,
      reconnectPeriod: 0,
      will: { topic: this.#topic("NDEATH"), payload: this.#death(), qos: 1, retain: false },
    });
    this.#client = client;
    client.on("connect", () => client.subscribe([this.#topic("NCMD"), this.#stateTopic], { qos: 1 }));
    client.on("message", (topic, payload) => this.#hear(topic, payload));
    // It is told by `close`, too.
    client.on("error", () => {});
    client.on("close", () => {
      if (this.#client !== client) return;
      this.#born = false;
      this.#client = undefined;
      if (!this.#left) this.#o.clock.after(RECONNECT_MS, () => this.#reconnect());
    });
  }

  sendChanges(): void {
    if (!this.#born) return;
    const values = this.#values();
    const changed = metrics.flatMap(({ as }, alias): SparkplugMetric[] => {
      const value = values[alias];
      return value === undefined || value === this.#sent[alias] ? [] : [{ alias, as, value }];
    });
    if (changed.length === 0) return;
    this.#sent = values;
    this.#send("DDATA", changed);
  }

  async leave(): Promise<void> {
    this.#left = true;
    const client = this.#client;
    if (client === undefined) return;
    if (this.#born) client.publish(this.#topic("NDEATH"), this.#death(), { qos: 0 });
    this.#born = false;
    await client.endAsync();
  }

  #reconnect(): void {
    if (!this.#left && this.#client === undefined) this.connect();
  }

  #hear(topic: string, payload: Buffer): void {
    if (topic === this.#topic("NCMD")) {
      // The only command there is.
      if (this.#born && payload.includes(REBIRTH)) this.#bear();
      return;
    }
    const online = saysOnline(payload);
    if (online && !this.#born) this.#bear();
    else if (!online && this.#born) this.#waitForHost();
  }

  #bear(): void {
    this.#seq = 0;
    this.#sent = this.#values();
    this.#send("NBIRTH", [
      { name: "bdSeq", type: "UInt64", as: "UInt64", value: this.#bdSeq },
      { name: REBIRTH, type: "Boolean", as: "Boolean", value: false },
    ]);
    this.#send(
      "DBIRTH",
      metrics.map(({ name, as }, alias) => ({ name, alias, type: as, as, value: this.#sent[alias] ?? 0 })),
    );
    this.#born = true;
  }

  #waitForHost(): void {
    const client = this.#client;
    this.#born = false;
    this.#client = undefined;
    client?.publish(this.#topic("NDEATH"), this.#death(), { qos: 0 });
    client?.end();
    this.connect();
  }

  #send(kind: "NBIRTH" | "DBIRTH" | "DDATA", all: readonly SparkplugMetric[]): void {
    const payload = sparkplugPayload(this.#o.clock.now(), all, this.#seq);
    this.#seq = (this.#seq + 1) % (SEQ_END + 1);
    this.#client?.publish(this.#topic(kind), payload, { qos: 0 });
  }

  #death(): Buffer {
    return sparkplugPayload(this.#o.clock.now(), [{ name: "bdSeq", type: "UInt64", as: "UInt64", value: this.#bdSeq }]);
  }

  #values(): SparkplugMetric["value"][] {
    return metrics.map(({ value }) => value(this.#o.machine));
  }

  #topic(kind: "NBIRTH" | "NDEATH" | "NCMD" | "DBIRTH" | "DDATA"): string {
    const { group, edgeNode, machine } = this.#o;
    return `spBv1.0/${group}/${kind}/${edgeNode}${kind.startsWith("D") ? `/${machine.name}` : ""}`;
  }
}

function saysOnline(payload: Buffer): boolean {
  try {
    const state: unknown = JSON.parse(payload.toString("utf8"));
    return typeof state === "object" && state !== null && "online" in state && state.online === true;
  } catch {
    return false;
  }
}
