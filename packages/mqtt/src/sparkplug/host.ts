import { explain } from "@lineshaft/core";
import type { SystemContext, TagGap } from "@lineshaft/core";
import type { Publish } from "../packets.ts";
import { EdgeNode } from "./edge-node.ts";
import type { NodeContext } from "./edge-node.ts";
import type { RebirthPace } from "./rebirth-requests.ts";
import { RebirthRequests } from "./rebirth-requests.ts";
import type { SparkplugLimits } from "./options.ts";
import { decodePayload } from "./payload.ts";
import type { Payload } from "./payload.ts";
import type { TagOutbox } from "./tag-outbox.ts";
import { parseTopic } from "./topic.ts";
import type { Sender } from "./topic.ts";

export interface HostSettings {
  reorderMs: number;
  deviceBirthMs: number;
  rebirth: RebirthPace;
  limits: SparkplugLimits;
}

/** Follows all edge nodes of one broker. It outlives connections, so that it can tell what was missed between two. */
export class SparkplugHost {
  readonly #settings: HostSettings;
  readonly #context: SystemContext;
  readonly #nodes = new Map<string, EdgeNode>();
  readonly #rebirths: RebirthRequests<EdgeNode>;
  readonly #nodeContext: NodeContext;
  readonly #told = new Set<string>();
  #out: TagOutbox | undefined;
  #lostSince: number | undefined;

  constructor(settings: HostSettings, context: SystemContext) {
    this.#settings = settings;
    this.#context = context;
    this.#rebirths = new RebirthRequests(settings.rebirth, context.clock, context.random);
    const { reorderMs, deviceBirthMs, limits } = settings;
    this.#nodeContext = {
      clock: context.clock,
      log: { ...context.log, warn: (message) => this.#warnOnce(message) },
      settings: { reorderMs, deviceBirthMs, reorderMessages: limits.reorderMessages, devices: limits.devices },
      change: (change) => this.#out?.change(change),
      gap: (gap) => this.#out?.gap(gap),
      needBirth: (node, reason) => this.#needBirth(node, reason),
      settle: (node) => this.#rebirths.settle(node),
    };
  }

  /** Edge nodes that are online, and those that were heard of. */
  get nodes(): { online: number; known: number } {
    const online = [...this.#nodes.values()].filter((node) => node.online).length;
    return { online, known: this.#nodes.size };
  }

  /** From now on changes and gaps go there. */
  begin(out: TagOutbox): void {
    this.#out = out;
  }

  /** The birth certificate is published: from now on edge nodes may be asked for rebirths. */
  connected(sendRebirth: (node: EdgeNode) => void): void {
    if (this.#lostSince !== undefined) this.#out?.gap(this.#connectionGap(this.#lostSince));
    this.#lostSince = undefined;
    for (const node of this.#nodes.values()) node.regainConnection();
    this.#rebirths.start(sendRebirth);
  }

  /** The connection is gone since `since`: all tags are stale until their edge nodes are born again. */
  lost(since: number): void {
    this.#rebirths.stop();
    this.#lostSince ??= since;
    for (const node of this.#nodes.values()) node.loseConnection(since);
    this.#out = undefined;
  }

  /** Takes a message. A wrong one is passed over and told of; what it would have changed comes with the rebirth. */
  receive({ topic, payload, retain, cut }: Publish): void {
    const sender = parseTopic(topic);
    if (sender === undefined) return;
    // Edge nodes never retain: what the broker had kept is from before.
    if (retain) return this.#warnOnce(`Passed over a retained message of ${topic}: edge nodes may not retain any.`);
    const decoded = this.#decode(topic, payload, cut);
    const node = this.#nodeOf(sender);
    if (node === undefined) return;
    if (decoded === undefined) return this.#needBirth(node, `its ${sender.kind} could not be read`);
    node.receive(sender, decoded, this.#context.clock.now());
  }

  #decode(topic: string, payload: Buffer, cut: boolean): Payload | undefined {
    if (cut) {
      this.#warnOnce(`Passed over a message of ${topic}: it is longer than limits.payloadBytes.`);
      return undefined;
    }
    try {
      return decodePayload(payload, this.#settings.limits);
    } catch (error) {
      this.#warnOnce(`Passed over a message of ${topic}: ${explain(error)}`);
      return undefined;
    }
  }

  #nodeOf({ group, node }: Sender): EdgeNode | undefined {
    const key = `${group}/${node}`;
    const known = this.#nodes.get(key);
    if (known !== undefined) return known;
    const { edgeNodes } = this.#settings.limits;
    if (this.#nodes.size >= edgeNodes) {
      this.#warnOnce(`Passed over edge node ${key}: the limit is ${edgeNodes} edge nodes (limits.edgeNodes).`);
      return undefined;
    }
    const added = new EdgeNode(group, node, this.#nodeContext);
    this.#nodes.set(key, added);
    return added;
  }

  #needBirth(node: EdgeNode, reason: string): void {
    this.#context.log.debug("A rebirth is needed.", { node: `${node.group}/${node.node}`, reason });
    this.#rebirths.ask(node);
  }

  #connectionGap(from: number): TagGap {
    const to = this.#context.clock.now();
    return {
      tags: [],
      from,
      to,
      reason: "The connection to the broker was lost, and it keeps nothing.",
      filled: false,
    };
  }

  /** A sender that is wrong once is wrong in every message. */
  #warnOnce(message: string): void {
    if (this.#told.size >= WARNINGS_TOLD || this.#told.has(message)) return;
    this.#told.add(message);
    this.#context.log.warn(message);
  }
}

/** Most different warnings of one host. */
const WARNINGS_TOLD = 500;
