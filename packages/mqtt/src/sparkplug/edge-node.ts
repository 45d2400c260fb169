import type { Clock, Log, TagChange, TagGap, Timer } from "@lineshaft/core";
import { MetricSet, changeOf, isControl } from "./metric-set.ts";
import type { Receipt, Tag } from "./metric-set.ts";
import { shapeOf } from "./metric-value.ts";
import type { Definitions, Shape } from "./metric-value.ts";
import type { Metric, Payload } from "./payload.ts";
import { Sequence } from "./sequence.ts";
import type { Sender } from "./topic.ts";

/** Settings of how an edge node is followed. */
export interface NodeSettings {
  /** How long a message that is missing in the sequence is waited for, in ms. */
  reorderMs: number;
  /** Most messages of one edge node that wait for a missing one. */
  reorderMessages: number;
  /** How long after an edge node's rebirth its devices may take to be born again, in ms. */
  deviceBirthMs: number;
  /** Most devices of one edge node. */
  devices: number;
}

/** What an edge node needs of its host. */
export interface NodeContext {
  readonly clock: Clock;
  readonly log: Log;
  readonly settings: NodeSettings;
  change(change: TagChange): void;
  gap(gap: TagGap): void;
  /** The edge node has to be asked for a rebirth, for this reason. */
  needBirth(node: EdgeNode, reason: string): void;
  /** It was born or died. */
  settle(node: EdgeNode): void;
}

interface NodeMessage extends Receipt {
  sender: Sender;
  payload: Payload & { seq: number };
}

/**
 * `unborn`: nothing is known of it yet. `broken`: it lacks a message, and what comes is dropped until its rebirth, because
 * the missing one may have been a BIRTH that gave its aliases to other metrics. `lost`: our own connection broke.
 */
type Phase = "unborn" | "online" | "broken" | "lost" | "offline";

const SEQ_END = 255;

/** One edge node as its messages tell of it (Sparkplug 3.0 §5 and §6.4). */
export class EdgeNode {
  readonly group: string;
  readonly node: string;
  readonly #context: NodeContext;
  readonly #own: MetricSet;
  readonly #devices = new Map<string, MetricSet>();
  /** Which set has a tag: a metric of the edge node may be spelt like a device's. */
  readonly #owners = new Map<string, MetricSet>();
  readonly #sequence: Sequence<NodeMessage>;
  #definitions: Definitions = new Map();
  #phase: Phase = "unborn";
  #bdSeq: number | undefined;
  #lastTaken: number | undefined;
  #lost: { since: number; reason: string } | undefined;
  #reorder: Timer | undefined;
  #deviceBirth: Timer | undefined;

  constructor(group: string, node: string, context: NodeContext) {
    this.group = group;
    this.node = node;
    this.#context = context;
    this.#own = new MetricSet(`${group}/${node}`);
    this.#sequence = new Sequence(context.settings.reorderMessages);
  }

  get online(): boolean {
    return this.#phase === "online";
  }

  receive(sender: Sender, payload: Payload, receivedTime: number): void {
    if (sender.kind === "NDEATH") return this.#die(payload);
    const seq = Number(payload.seq ?? 0);
    // Its place in the sequence stays empty, and that leads to a rebirth.
    if (seq > SEQ_END) return this.#warn(`A ${sender.kind} has sequence number ${seq}; it was passed over.`);
    const message = { sender, payload: { ...payload, seq }, receivedTime };
    if (sender.kind === "NBIRTH") return this.#bear(message);
    if (this.#phase !== "online") return this.#missBirth(message);
    this.#order(message);
  }

  /** Our connection to the broker broke: what the edge node said since `since` may never have reached us. */
  loseConnection(since: number): void {
    if (this.#phase === "unborn" || this.#phase === "offline") return;
    this.#close("lost", since, "The connection to the broker was lost.");
    this.#markAll("The hub lost its connection to the broker.", this.#context.clock.now());
  }

  /** We are connected again. */
  regainConnection(): void {
    // One that was offline may have been born while we were away.
    if (this.#phase === "lost" || this.#phase === "offline")
      this.#context.needBirth(this, "the connection to the broker was lost");
  }

  #order(message: NodeMessage): void {
    const turn = this.#sequence.offer(message.payload.seq, message);
    if (turn === "broken") return this.#break("too many messages came out of order");
    for (const next of turn) this.#take(next);
    if (this.#sequence.early === 0 || turn.length > 0) this.#stopReordering();
    if (this.#sequence.early === 0) return;
    const { reorderMs } = this.#context.settings;
    this.#reorder ??= this.#context.clock.after(reorderMs, () =>
      this.#break(`message ${this.#sequence.next} of its sequence did not come within ${reorderMs} ms`),
    );
  }

  #take(message: NodeMessage): void {
    this.#lastTaken = message.receivedTime;
    const { kind, device } = message.sender;
    if (device === undefined) return this.#takeData(this.#own, message);
    if (kind === "DBIRTH") return this.#bearDevice(device, message);
    const set = this.#devices.get(device);
    if (set === undefined || set.state === "offline") return this.#missDevice(device, message);
    if (kind === "DDEATH") return this.#killDevice(set, message);
    this.#takeData(set, message);
  }

  /** §6.4.19 and §6.4.21: values by alias or name. */
  #takeData(set: MetricSet, message: NodeMessage): void {
    // All devices are born again before any data (payloads-dbirth-order); who was not is gone.
    this.#dropAwaiting();
    if (set.state === "offline") return this.#missDevice(set.prefix, message);
    for (const metric of message.payload.metrics) {
      const tag = set.find(metric);
      if (tag) this.#context.change(changeOf(tag, metric, message));
      else if (tag === undefined && !isControl(metric)) this.#missMetric(set, metric, message);
    }
  }

  /** §6.4.17 NBIRTH: all that was known of the edge node is replaced. */
  #bear(message: NodeMessage): void {
    const { payload, receivedTime } = message;
    this.#context.settle(this);
    this.#stopReordering();
    this.#sequence.begin(payload.seq);
    this.#phase = "online";
    this.#lastTaken = receivedTime;
    this.#bdSeq = bdSeqOf(payload);
    this.#definitions = definitionsOf(payload);
    const before = this.#allTags();
    for (const device of this.#devices.values()) {
      device.forgetAliases();
      if (device.state === "online") device.state = "awaiting";
    }
    const gone = this.#begin(this.#own, message);
    this.#tellGap(before);
    this.#own.state = "online";
    this.#bring(this.#own, gone, message);
    this.#awaitDevices();
  }

  #bearDevice(device: string, message: NodeMessage): void {
    const set = this.#devices.get(device) ?? this.#addDevice(device);
    if (set === undefined) return;
    const { lostSince } = set;
    const before = set.tags;
    const gone = this.#begin(set, message);
    if (lostSince !== undefined) {
      const reason = `Device ${set.prefix} was offline.`;
      const tags = namesOf([...before, ...set.tags]);
      this.#context.gap({ tags, from: lostSince, to: message.receivedTime, reason, filled: false });
    }
    set.lostSince = undefined;
    set.state = "online";
    this.#bring(set, gone, message);
  }

  #addDevice(device: string): MetricSet | undefined {
    const { devices } = this.#context.settings;
    if (this.#devices.size >= devices) {
      this.#warn(`Device ${device} was passed over: the limit is ${devices} devices of one edge node.`);
      return undefined;
    }
    const set = new MetricSet(`${this.group}/${this.node}/${device}`);
    this.#devices.set(device, set);
    return set;
  }

  /** @returns tags that the new BIRTH has no more */
  #begin(set: MetricSet, { payload }: NodeMessage): Tag[] {
    for (const { name } of set.tags) this.#owners.delete(name);
    const { gone, twice } = set.begin(payload.metrics, this.#definitions, (tag) => {
      const owner = this.#owners.get(tag);
      if (owner !== undefined && owner !== set)
        this.#warn(
          `Tag ${tag} names two metrics, one of ${owner.prefix} and one of ${set.prefix}: the latter is passed over.`,
        );
      return owner === undefined || owner === set;
    });
    for (const { name } of set.tags) this.#owners.set(name, set);
    for (const alias of twice)
      this.#warn(`Alias ${alias} stands for two metrics of ${set.prefix}; values that come by it are passed over.`);
    return gone;
  }

  /** Hands over the values of a BIRTH. */
  #bring(set: MetricSet, gone: readonly Tag[], message: NodeMessage): void {
    const { receivedTime, payload } = message;
    this.#mark(gone, "Its newest birth certificate does not name it any more.", payload.timestamp ?? receivedTime);
    for (const metric of payload.metrics) {
      if (metric.name === undefined || isControl(metric)) continue;
      const tag = set.find(metric);
      if (tag) this.#context.change(changeOf(tag, metric, message));
    }
  }

  #awaitDevices(): void {
    this.#deviceBirth?.cancel();
    const awaited = [...this.#devices.values()].some((device) => device.state === "awaiting");
    if (!awaited) return;
    this.#deviceBirth = this.#context.clock.after(this.#context.settings.deviceBirthMs, () => this.#dropAwaiting());
  }

  #dropAwaiting(): void {
    if (this.#deviceBirth === undefined) return;
    this.#stopAwaitingDevices();
    const now = this.#context.clock.now();
    for (const device of this.#devices.values()) {
      if (device.state !== "awaiting") continue;
      device.state = "offline";
      device.lostSince = now;
      this.#mark(device.tags, "Its edge node was born again without it.", now);
    }
  }

  /** §6.4.23: only the death that belongs to the birth we know counts; an older connection's may come late. */
  #die(payload: Payload): void {
    if (this.#phase === "unborn" || this.#phase === "offline") return;
    const bdSeq = bdSeqOf(payload);
    if (bdSeq !== undefined && this.#bdSeq !== undefined && bdSeq !== this.#bdSeq) {
      const { log } = this.#context;
      log.debug("Ignored the death of an older connection.", { node: this.#own.prefix, bdSeq, current: this.#bdSeq });
      return;
    }
    const now = this.#context.clock.now();
    this.#close("offline", this.#lastTaken ?? now, `Edge node ${this.#own.prefix} was offline.`);
    this.#context.settle(this);
    this.#markAll("Its edge node is offline.", now);
  }

  /** §6.4.24: with the time that the message says. */
  #killDevice(set: MetricSet, { payload, receivedTime }: NodeMessage): void {
    set.state = "offline";
    set.lostSince = receivedTime;
    this.#mark(set.tags, "Its edge node says that the device is offline.", payload.timestamp ?? receivedTime);
  }

  #break(reason: string): void {
    const { clock } = this.#context;
    this.#close(
      "broken",
      this.#lastTaken ?? clock.now(),
      `Edge node ${this.#own.prefix} was followed no more: ${reason}.`,
    );
    this.#markAll(`A message is missing (${reason}), and a rebirth was asked for.`, clock.now(), "uncertain");
    this.#context.needBirth(this, reason);
  }

  #close(phase: Phase, since: number, reason: string): void {
    this.#phase = phase;
    this.#lost ??= { since, reason };
    this.#sequence.clear();
    this.#stopReordering();
    this.#stopAwaitingDevices();
  }

  #stopReordering(): void {
    this.#reorder?.cancel();
    this.#reorder = undefined;
  }

  #stopAwaitingDevices(): void {
    this.#deviceBirth?.cancel();
    this.#deviceBirth = undefined;
  }

  #missBirth({ sender, receivedTime }: NodeMessage): void {
    this.#lost ??= {
      since: receivedTime,
      reason: `Edge node ${this.#own.prefix} sent a ${sender.kind} before its NBIRTH.`,
    };
    this.#context.needBirth(this, `its ${sender.kind} came before its NBIRTH`);
  }

  #missDevice(device: string, { sender, receivedTime }: NodeMessage): void {
    // A second death tells nothing new.
    if (sender.kind === "DDEATH") return;
    this.#lost ??= { since: receivedTime, reason: `Device ${device} sent a ${sender.kind} before its DBIRTH.` };
    this.#context.needBirth(this, `device ${device} sent a ${sender.kind} before its DBIRTH`);
  }

  #missMetric(set: MetricSet, { name, alias }: Metric, { receivedTime }: NodeMessage): void {
    const which = name === undefined ? `alias ${alias ?? "(none)"}` : `metric ${name}`;
    this.#lost ??= { since: receivedTime, reason: `No birth certificate of ${set.prefix} has ${which}.` };
    this.#context.needBirth(this, `no birth certificate of ${set.prefix} has ${which}`);
  }

  #tellGap(before: readonly Tag[]): void {
    if (this.#lost === undefined) return;
    const { since, reason } = this.#lost;
    this.#lost = undefined;
    const tags = namesOf([...before, ...this.#own.tags]);
    this.#context.gap({ tags, from: since, to: this.#lastTaken ?? since, reason, filled: false });
  }

  #markAll(said: string, sourceTime: number, quality: "stale" | "uncertain" = "stale"): void {
    for (const set of [this.#own, ...this.#devices.values()]) {
      // Who was offline before has been marked then.
      if (set.state !== "offline") this.#mark(set.tags, said, sourceTime, quality);
      if (quality === "stale") set.state = "offline";
    }
  }

  #mark(tags: readonly Tag[], said: string, sourceTime: number, quality: "stale" | "uncertain" = "stale"): void {
    const receivedTime = this.#context.clock.now();
    for (const { name, last } of tags)
      this.#context.change({ tag: name, value: last, quality, sourceTime, receivedTime, said });
  }

  #allTags(): Tag[] {
    return [this.#own, ...this.#devices.values()].flatMap((set) => set.tags);
  }

  #warn(message: string): void {
    this.#context.log.warn(`Sparkplug edge node ${this.#own.prefix}: ${message}`);
  }
}

function namesOf(tags: readonly Tag[]): string[] {
  return [...new Set(tags.map((tag) => tag.name))];
}

/** Edge nodes give it as Int64 or UInt64, in either field; all mean the same up to 255. */
function bdSeqOf({ metrics }: Payload): number | undefined {
  const value = metrics.find(({ name }) => name === "bdSeq")?.value;
  if (value?.kind === "long") return value.low;
  return value?.kind === "int" ? value.value : undefined;
}

/** §6.4.15: template definitions stand in NBIRTH only. */
function definitionsOf({ metrics }: Payload): Definitions {
  const definitions = new Map<string, Shape>();
  for (const metric of metrics) {
    const { name, value } = metric;
    if (name !== undefined && value?.kind === "template" && value.value.isDefinition)
      definitions.set(name, shapeOf(metric, definitions));
  }
  return definitions;
}
