import type { NodeId, ReferenceDescription } from "node-opcua-client";
import type { OpcUaCompanion, OpcUaNode } from "../options.ts";
import { OBJECTS, childrenOf, kindOf } from "./browse.ts";
import type { Session } from "./link.ts";
import type { Namespaces } from "./node-ids.ts";

/** Nodes that are looked at to find machines; those below are deeper than any machine's own parts. */
const NODES_WALKED = 20_000;
const LEVELS_WALKED = 8;
/** Children of one node that are looked at. */
const CHILDREN_WALKED = 2_000;

/** What of a type's instances is read: the names of variables, by any path below the instance. */
interface Interest {
  companion: OpcUaCompanion;
  /** Of the type: its namespace and numbers. */
  namespace: string;
  types: readonly number[];
  /** Names of variables; none: all. */
  variables?: readonly string[];
}

const interests: readonly Interest[] = [
  // OPC 40001-1: MachineIdentificationType, MachineryComponentIdentificationType, MachineryItemState_StateMachineType.
  { companion: "machinery", namespace: "http://opcfoundation.org/UA/Machinery/", types: [1012, 1005] },
  {
    companion: "machinery",
    namespace: "http://opcfoundation.org/UA/Machinery/",
    types: [1002, 1008],
    variables: ["CurrentState"],
  },
  // OPC 30050: PackMLBaseObjectType with its state machines, status and administration.
  {
    companion: "packml",
    namespace: "http://opcfoundation.org/UA/PackML/",
    types: [6],
    variables: [
      "CurrentState",
      "StateCurrent",
      "UnitModeCurrent",
      "CurMachSpeed",
      "MachSpeed",
      "StopReason",
      "ProdProcessedCount",
      "ProdDefectiveCount",
    ],
  },
  // OPC 10031-4: ISA95JobOrderReceiverObjectType, ISA95JobResponseProviderObjectType.
  {
    companion: "job-control",
    namespace: "http://opcfoundation.org/UA/ISA95-JOBCONTROL_V2/",
    types: [1002, 1003],
    variables: ["JobOrderList", "JobOrderResponseList", "CurrentState", "WorkMaster", "Equipment"],
  },
];

/**
 * The nodes of companion specifications that a server has, found by their well-known types from the Objects folder on.
 * A tag is called as its path: `Machines/Press 4/Identification/SerialNumber`.
 */
export async function findCompanions(
  session: Session,
  namespaces: Namespaces,
  companions: readonly OpcUaCompanion[],
): Promise<OpcUaNode[]> {
  const types = new Map<string, Interest>();
  for (const interest of interests.filter((one) => companions.includes(one.companion)))
    for (const type of interest.types) types.set(`nsu=${interest.namespace};i=${type}`, interest);
  const found = new Map<string, OpcUaNode>();
  const walked = new Set<string>();
  let level: Place[] = [{ node: OBJECTS, path: [], interest: undefined }];
  for (let depth = 0; depth < LEVELS_WALKED && level.length > 0 && walked.size < NODES_WALKED; depth++) {
    const next: Place[] = [];
    for (const place of level) {
      if (walked.has(place.node.toString()) || walked.size >= NODES_WALKED) continue;
      walked.add(place.node.toString());
      for (const child of await childrenOf(session, place.node, CHILDREN_WALKED)) {
        const here = below(place, child, types, namespaces);
        const node = namespaces.show(here.node);
        const kind = kindOf(child);
        if (kind === "variable" && isWanted(here) && !found.has(node))
          found.set(node, { node, tag: here.path.join("/") });
        if (kind === "object" && !isServer(here)) next.push(here);
      }
    }
    level = next;
  }
  return [...found.values()];
}

interface Place {
  node: NodeId;
  path: readonly string[];
  /** Of the instance that this is in. */
  interest: Interest | undefined;
}

function below(
  place: Place,
  child: ReferenceDescription,
  types: ReadonlyMap<string, Interest>,
  namespaces: Namespaces,
): Place {
  const type = child.typeDefinition ? types.get(namespaces.show(child.typeDefinition)) : undefined;
  return {
    node: child.nodeId,
    path: [...place.path, child.browseName.name ?? ""],
    interest: type ?? place.interest,
  };
}

function isWanted({ path, interest }: Place): boolean {
  if (interest === undefined) return false;
  return interest.variables === undefined || interest.variables.includes(path.at(-1) ?? "");
}

/** The server's own diagnostics are no machine. */
function isServer({ path }: Place): boolean {
  return path.length === 1 && path[0] === "Server";
}
