import type { NodeId } from "node-opcua-client";
import type { TagChange } from "@lineshaft/core";
import type { OpcUaNode, OpcUaSampling } from "../options.ts";
import { DEFAULT_QUEUE_SIZE } from "../protocol.ts";
import { TagOrder } from "./tag-order.ts";

/** One node that is read, and where we are with it. */
export interface Tag {
  readonly name: string;
  /** As configured, by its namespace's URI. */
  readonly node: string;
  readonly sampling: OpcUaSampling & { queueSize: number };
  readonly order: TagOrder;
  /** As the server knows it in this session. */
  nodeId: NodeId | undefined;
  /** Its place among the tags; the server names it by this. */
  readonly handle: number;
  /** The newest one handed over; told again when the connection is back and nothing changed. */
  last: TagChange | undefined;
  stale: boolean;
  /** Source time of the last value before a break, until it is known what came after. */
  brokenSince: number | undefined;
  /** Why the server does not monitor it. */
  refused: string | undefined;
}

export function tagsOf(nodes: readonly OpcUaNode[], defaults: OpcUaSampling): Tag[] {
  return nodes.map((node, handle) => {
    const { node: id, tag = id, ...own } = node;
    const sampling = { queueSize: DEFAULT_QUEUE_SIZE, ...defaults, ...own };
    return {
      name: tag,
      node: id,
      sampling,
      order: new TagOrder(sampling.queueSize),
      nodeId: undefined,
      handle,
      last: undefined,
      stale: false,
      brokenSince: undefined,
      refused: undefined,
    };
  });
}
