import { NodeId, resolveNodeId } from "node-opcua-client";

/** The URIs of a server's namespaces, by their numbers of now: after a restart they may be others. */
export class Namespaces {
  readonly uris: readonly string[];

  constructor(uris: readonly string[]) {
    this.uris = uris;
  }

  same(other: Namespaces): boolean {
    return this.uris.length === other.uris.length && this.uris.every((uri, at) => uri === other.uris[at]);
  }

  /** `nsu=<URI>;s=…` as the server knows it now, or undefined where it has no such namespace. */
  resolve(node: string): NodeId | undefined {
    const [, uri, id] = /^nsu=([^;]+);(.+)$/s.exec(node) ?? [];
    if (uri === undefined || id === undefined) return resolveNodeId(node.replace(/^ns=0;/, ""));
    // Part 6 §5.1.12: a semicolon or percent sign of the URI is written %3B, %25.
    const index = this.uris.indexOf(uri.replaceAll(/%3B/gi, ";").replaceAll("%25", "%"));
    return index < 0 ? undefined : resolveNodeId(`ns=${index};${id}`);
  }

  /** As it is written in a configuration. */
  show(node: NodeId): string {
    const text = node.toString().replace(/^ns=\d+;/, "");
    const uri = this.uris[node.namespace];
    if (node.namespace === 0 || uri === undefined) return text;
    return `nsu=${uri.replaceAll("%", "%25").replaceAll(";", "%3B")};${text}`;
  }
}
