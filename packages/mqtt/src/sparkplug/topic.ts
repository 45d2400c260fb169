/** Kinds of messages that an edge node sends (Sparkplug 3.0 §4). */
const KINDS = ["NBIRTH", "DBIRTH", "NDATA", "DDATA", "NDEATH", "DDEATH"] as const;

export type NodeMessageKind = (typeof KINDS)[number];

/** Whom a message is from. */
export interface Sender {
  kind: NodeMessageKind;
  group: string;
  node: string;
  /** Set for the kinds with a D. */
  device: string | undefined;
}

export const NAMESPACE = "spBv1.0";

/** @returns undefined for whatever is no edge node's message: commands, hosts' states, other namespaces */
export function parseTopic(topic: string): Sender | undefined {
  const [namespace, group, kind, node, device, ...more] = topic.split("/");
  const known = KINDS.find((one) => one === kind);
  if (namespace !== NAMESPACE || !group || known === undefined || !node || more.length > 0) return undefined;
  const ofDevice = known.startsWith("D");
  if (ofDevice !== (device !== undefined) || device === "") return undefined;
  return { kind: known, group, node, device };
}
