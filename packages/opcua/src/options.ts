import { join } from "node:path";
import { LineshaftError } from "@lineshaft/core";
import type { FactsFromTags, Secret } from "@lineshaft/core";

/** How an OPC UA server is read. See docs/connectors/opcua.md. */
export interface OpcUaOptions {
  /** Unique within the hub; becomes the source of the messages. */
  name: string;
  /** `opc.tcp://press-04.example:4840`. No user or password in it. */
  endpoint: string;
  /** Default: SignAndEncrypt with Basic256Sha256. */
  security?: OpcUaSecurity;
  /** Folder of the hub's certificate and of the trusted ones; default `.lineshaft/pki/<name>`. Made when missing. */
  pki?: string;
  /** Default `urn:<this machine's name>:lineshaft:<name>`. It is in the hub's certificate, so a change needs a new one. */
  applicationUri?: string;
  /** Default: anonymous. */
  identity?: OpcUaIdentity;
  /** What is read. */
  nodes?: readonly OpcUaNode[];
  /** Nodes of companion specifications that are looked for in the server, and read where it has them. */
  companions?: readonly OpcUaCompanion[];
  /** What makes facts of the tags. */
  facts: FactsFromTags;
  /** How often the server sends what changed, ms. Default 1,000. */
  publishingMs?: number;
  /** What a node without settings of its own has. */
  defaults?: OpcUaSampling;
  /** Values that may have been missed are read from the server's history where it keeps one. Default true. */
  history?: boolean;
  limits?: Partial<OpcUaLimits>;
}

export type OpcUaPolicy = "Basic256Sha256" | "Aes128_Sha256_RsaOaep" | "Aes256_Sha256_RsaPss";

export type OpcUaSecurity = { mode: "None" } | { mode: "Sign" | "SignAndEncrypt"; policy?: OpcUaPolicy };

export type OpcUaIdentity =
  | { username: string; password: Secret }
  /** Paths or secrets of PEM texts. */
  | { certificate: string; key: Secret };

export type OpcUaCompanion = "machinery" | "packml" | "job-control";

export interface OpcUaSampling {
  /** How often the server looks at the value, ms; 0: as it changes. Default: as it publishes. */
  samplingMs?: number;
  /** Values that the server keeps for us between two sends, and while we are away. Default 100. */
  queueSize?: number;
  /** Smaller changes are not sent. A server that can't do that sends all of them. */
  deadband?: { absolute: number } | { percent: number };
}

export interface OpcUaNode extends OpcUaSampling {
  /** `nsu=http://vendor.example/press;s=Press.Temperature`, or `i=2258` in the namespace of OPC UA. */
  node: string;
  /** Name of the tag; default: the node id. */
  tag?: string;
}

export interface OpcUaLimits {
  /** Most monitored items, with those of companion specifications. */
  nodes: number;
  /** Heap of the reading process, MiB; beyond it, or with twice as much memory in all, it is ended and started anew. */
  memoryMb: number;
  /** Changes that the reading process holds and the hub has not yet taken; with these the server is asked for no more. */
  changesHeld: number;
  /** Most values of one tag read from history for one gap; a longer one counts as not filled. */
  historyValues: number;
}

export const OPCUA_LIMITS: OpcUaLimits = {
  nodes: 50_000,
  memoryMb: 512,
  changesHeld: 20_000,
  historyValues: 100_000,
};

/** The source's name within the system. */
export const SOURCE = "tags";

export const DEFAULT_PUBLISHING_MS = 1_000;
/** Some servers refuse more; plants need no more. */
const LARGEST_QUEUE = 10_000;

/** @throws LineshaftError `config-invalid`, naming the option */
export function checkOpcUaOptions(options: OpcUaOptions): void {
  checkEndpoint(options);
  const nodes = options.nodes ?? [];
  if (nodes.length === 0 && (options.companions ?? []).length === 0)
    invalid(options, "reads nothing", "List nodes, or companions.");
  const most = options.limits?.nodes ?? OPCUA_LIMITS.nodes;
  if (nodes.length > most)
    invalid(options, `lists ${nodes.length} nodes`, `Take at most ${most}, or raise limits.nodes.`);
  const publishingMs = options.publishingMs ?? DEFAULT_PUBLISHING_MS;
  if (!(publishingMs >= 50 && publishingMs <= 3_600_000))
    invalid(options, `publishes every ${publishingMs} ms`, "Take 50 to 3,600,000.");
  const tags = new Set<string>();
  for (const node of nodes) {
    checkNode(options, node);
    const tag = node.tag ?? node.node;
    if (tags.has(tag)) invalid(options, `has two nodes of the tag ${tag}`, "Give each a name of its own.");
    tags.add(tag);
  }
  if (options.defaults) checkSampling(options, options.defaults, "defaults");
}

export function pkiFolder(options: Pick<OpcUaOptions, "name" | "pki">): string {
  return options.pki ?? join(".lineshaft", "pki", options.name);
}

function checkEndpoint(options: OpcUaOptions): void {
  const { endpoint } = options;
  if (!URL.canParse(endpoint) || new URL(endpoint).protocol !== "opc.tcp:")
    return invalid(options, `cannot reach ${endpoint}`, "Write opc.tcp://host:4840.");
  const url = new URL(endpoint);
  if (url.username || url.password)
    invalid(options, "has a user or password in its endpoint", "Use identity: { username, password: Secret.env(…) }.");
}

function checkNode(options: OpcUaOptions, node: OpcUaNode): void {
  if (/^ns=[1-9]/.test(node.node))
    invalid(
      options,
      `names a node by the number of its namespace: ${node.node}`,
      "A server numbers them anew when it starts. Write nsu=<URI>;… as lineshaft opcua browse shows it.",
    );
  if (!/^(nsu=[^;]+;|ns=0;)?[isgb]=.+$/s.test(node.node))
    invalid(options, `has no node id: ${node.node}`, "Write nsu=<URI>;s=<name> as lineshaft opcua browse shows it.");
  checkSampling(options, node, node.node);
}

function checkSampling(options: OpcUaOptions, sampling: OpcUaSampling, of: string): void {
  const { samplingMs = 0, queueSize = 1, deadband } = sampling;
  if (!(samplingMs >= 0)) invalid(options, `samples ${of} every ${samplingMs} ms`, "Take 0 or more.");
  if (!Number.isInteger(queueSize) || queueSize < 1 || queueSize > LARGEST_QUEUE)
    invalid(options, `has a queue of ${queueSize} for ${of}`, `Take 1 to ${LARGEST_QUEUE}.`);
  if (deadband === undefined) return;
  const value = "absolute" in deadband ? deadband.absolute : deadband.percent;
  if (!(value >= 0) || ("percent" in deadband && value > 100))
    invalid(options, `has a deadband of ${value} for ${of}`, "Take 0 or more; a percentage ends at 100.");
}

function invalid(options: OpcUaOptions, message: string, next: string): void {
  throw new LineshaftError("config-invalid", `OPC UA system ${options.name} ${message}.`, { next });
}
