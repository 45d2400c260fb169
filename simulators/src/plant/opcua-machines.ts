import { X509Certificate } from "node:crypto";
import type { Clock } from "@lineshaft/core";
import {
  DataType,
  MessageSecurityMode,
  OPCUACertificateManager,
  OPCUAServer,
  SecurityPolicy,
  StatusCodes,
  Variant,
  nodesets,
} from "node-opcua";
import type { Namespace, UAObject, UAVariable } from "node-opcua";
import { type Machine, machineStates } from "./machine.ts";

/** The namespace of the machines' nodes: `nsu=urn:plant.example:press-line;s=PRESS-11.Good`. */
export const OPCUA_NAMESPACE = "urn:plant.example:press-line";

export interface OpcUaMachines extends AsyncDisposable {
  /** `opc.tcp://127.0.0.1:40123`. */
  readonly endpoint: string;
  /** The server's own, PEM: who wants to read it has to trust it. */
  readonly certificate: string;
  /** Shows what a machine is now. */
  show(machine: Machine): void;
}

/** The variables of a machine, by the last part of their node ids. */
const variables: Readonly<Record<string, { type: DataType; value: (machine: Machine) => number | string | boolean }>> =
  {
    // In the order in which they are shown: what was counted belongs to the order before, when both change at once.
    Good: { type: DataType.UInt32, value: ({ memory }) => memory.good },
    Scrap: { type: DataType.UInt32, value: ({ memory }) => memory.scrap },
    Reason: { type: DataType.String, value: ({ reason }) => reason },
    State: { type: DataType.Int32, value: ({ state }) => machineStates[state] },
    Jammed: { type: DataType.Boolean, value: ({ jammed }) => jammed },
    Temperature: { type: DataType.Double, value: ({ temperature }) => temperature },
    Product: { type: DataType.String, value: ({ memory }) => memory.order?.product ?? "" },
    Lot: { type: DataType.String, value: ({ memory }) => lotOf(memory.order?.productionOrder) },
    Order: { type: DataType.String, value: ({ memory }) => memory.order?.productionOrder ?? "" },
  };

/** Each order is a lot of its own. */
export function lotOf(productionOrder: string | undefined): string {
  return productionOrder === undefined ? "" : `L${productionOrder}`;
}

/**
 * An OPC UA server with some machines, on 127.0.0.1. Its endpoints are signed, or signed and encrypted; there is none
 * without. It takes every client, as a machine does whose maker never set up its list of certificates.
 * `folder` keeps its key and certificate.
 */
export async function startOpcUaMachines(options: {
  machines: readonly Machine[];
  folder: string;
  clock: Clock;
}): Promise<OpcUaMachines> {
  const { machines, folder, clock } = options;
  const server = new OPCUAServer({
    port: 0,
    hostname: "127.0.0.1",
    nodeset_filename: [nodesets.standard],
    serverCertificateManager: new OPCUACertificateManager({
      rootFolder: folder,
      automaticallyAcceptUnknownCertificate: true,
      disableFileWatchers: true,
    }),
    securityModes: [MessageSecurityMode.Sign, MessageSecurityMode.SignAndEncrypt],
    securityPolicies: [SecurityPolicy.Basic256Sha256, SecurityPolicy.Aes256_Sha256_RsaPss],
    allowAnonymous: true,
    // 0: each change is sent; otherwise those within 50 ms would be one.
    serverCapabilities: { minSupportedSampleRate: 0 },
  });
  await server.initialize();
  const shown = build(server, machines);
  const show = (machine: Machine) => {
    const now = new Date(clock.now());
    for (const [name, { type, value }] of Object.entries(variables)) {
      const variable = shown.get(`${machine.name}.${name}`);
      const next = value(machine);
      if (variable === undefined || variable.readValue().value.value === next) continue;
      variable.setValueFromSource(new Variant({ dataType: type, value: next }), StatusCodes.Good, now);
    }
  };
  for (const machine of machines) show(machine);
  await server.start();
  return {
    endpoint: server.getEndpointUrl(),
    certificate: new X509Certificate(server.getCertificate()).toString(),
    show,
    [Symbol.asyncDispose]: () => server.shutdown(0),
  };
}

function build(server: OPCUAServer, machines: readonly Machine[]): Map<string, UAVariable> {
  const space = server.engine.addressSpace;
  if (space === null) throw new Error("the server has no address space");
  const vendor = space.registerNamespace(OPCUA_NAMESPACE);
  const line = vendor.addObject({
    browseName: "PressLine",
    nodeId: "s=PressLine",
    organizedBy: space.rootFolder.objects,
  });
  return new Map(machines.flatMap((machine) => addMachine(vendor, line, machine.name)));
}

function addMachine(vendor: Namespace, line: UAObject, machine: string): [string, UAVariable][] {
  const object = vendor.addObject({ browseName: machine, nodeId: `s=${machine}`, componentOf: line });
  return Object.entries(variables).map(([name, { type }]) => {
    const id = `${machine}.${name}`;
    const variable = vendor.addVariable({
      componentOf: object,
      browseName: name,
      nodeId: `s=${id}`,
      dataType: DataType[type],
      minimumSamplingInterval: 0,
    });
    return [id, variable];
  });
}
