import {
  AttributeIds,
  BrowseDirection,
  DataType,
  NodeClass,
  NodeId,
  ReferenceTypeIds,
  coerceNodeId,
  makeResultMask,
} from "node-opcua-client";
import type { DataValue, ReferenceDescription } from "node-opcua-client";
import type { BrowsedNode, Listing } from "../protocol.ts";
import type { Session } from "./link.ts";
import { LinkError } from "./link.ts";
import type { Namespaces } from "./node-ids.ts";
import { valueOf } from "./value.ts";

/** Most children of a node that are listed. */
const CHILDREN_LISTED = 10_000;
/** Children in one answer of the server; the rest by continuation points. */
const CHILDREN_PER_ANSWER = 500;
/** Nodes in one Read. */
const NODES_PER_READ = 500;
const VALUE_CHARS = 60;

export const OBJECTS = coerceNodeId("i=85");

/** What stands under a node: `Machines/Press 4`, by the names that the server shows, or a node id. */
export async function browsePath(session: Session, namespaces: Namespaces, path: string): Promise<Listing> {
  const start = /^(nsu=|[isgb]=|ns=0;)/.test(path) ? namespaces.resolve(path) : await walk(session, path);
  if (start === undefined) throw notThere(path);
  const children = await childrenOf(session, start, CHILDREN_LISTED + 1);
  const listed = children.slice(0, CHILDREN_LISTED);
  const rows = listed.map((child) => rowOf(child, namespaces));
  await describe(session, listed, rows);
  return { path, rows, more: children.length > CHILDREN_LISTED };
}

/** Forward hierarchical references, and what they lead to. */
export async function childrenOf(session: Session, node: NodeId, most: number): Promise<ReferenceDescription[]> {
  session.requestedMaxReferencesPerNode = CHILDREN_PER_ANSWER;
  const first = await session.browse({
    nodeId: node,
    browseDirection: BrowseDirection.Forward,
    referenceTypeId: coerceNodeId(`i=${ReferenceTypeIds.HierarchicalReferences}`),
    includeSubtypes: true,
    nodeClassMask: 0,
    resultMask: makeResultMask("ReferenceType | BrowseName | NodeClass | TypeDefinition"),
  });
  const children = [...(first.references ?? [])];
  let point = first.continuationPoint;
  while (point && point.length > 0) {
    const enough = children.length >= most;
    const next = await session.browseNext(point, enough);
    if (enough) break;
    children.push(...(next.references ?? []));
    point = next.continuationPoint;
  }
  // Two references may lead to one node (an object that is a component and has a notifier).
  const seen = new Set<string>();
  return children.filter((child) => {
    const key = child.nodeId.toString();
    return seen.has(key) ? false : seen.add(key);
  });
}

async function walk(session: Session, path: string): Promise<NodeId> {
  let at: NodeId = OBJECTS;
  for (const name of path.split("/").filter(Boolean)) {
    const child = (await childrenOf(session, at, CHILDREN_LISTED)).find((one) => one.browseName.name === name);
    if (child === undefined) throw notThere(path, name);
    at = child.nodeId;
  }
  return at;
}

function notThere(path: string, name = path): LinkError {
  return new LinkError({
    message: `The server has no ${name}${name === path ? "" : ` on the path ${path}`}.`,
    next: "Browse without a path first, and write names as they are listed there.",
  });
}

function rowOf(child: ReferenceDescription, namespaces: Namespaces): BrowsedNode {
  return {
    name: child.browseName.name ?? "",
    node: namespaces.show(child.nodeId),
    kind: kindOf(child),
  };
}

export function kindOf(node: ReferenceDescription): BrowsedNode["kind"] {
  return kinds[node.nodeClass] ?? "other";
}

const kinds: Readonly<Record<number, BrowsedNode["kind"]>> = {
  [NodeClass.Object]: "object",
  [NodeClass.Variable]: "variable",
  [NodeClass.Method]: "method",
};

/** Data types and values of the variables among them. */
async function describe(
  session: Session,
  children: readonly ReferenceDescription[],
  rows: readonly BrowsedNode[],
): Promise<void> {
  const variables = children.flatMap((child, at) => (kindOf(child) === "variable" ? [{ child, at }] : []));
  for (let at = 0; at < variables.length; at += NODES_PER_READ) {
    const some = variables.slice(at, at + NODES_PER_READ);
    const values: DataValue[] = await session.read(
      some.map(({ child }) => ({ nodeId: child.nodeId, attributeId: AttributeIds.Value })),
    );
    for (const [index, { at: row }] of some.entries()) {
      const [value, target] = [values[index], rows[row]];
      if (value === undefined || target === undefined) continue;
      if (value.value) target.dataType = DataType[value.value.dataType];
      target.value = value.statusCode.isBad() ? value.statusCode.name : shown(value);
    }
  }
}

function shown(value: DataValue): string {
  const text = JSON.stringify(valueOf(value.value), (_name, inner: unknown) =>
    typeof inner === "bigint" ? inner.toString() : inner instanceof Uint8Array ? `${inner.length} bytes` : inner,
  );
  return text.length > VALUE_CHARS ? `${text.slice(0, VALUE_CHARS - 1)}…` : text;
}
