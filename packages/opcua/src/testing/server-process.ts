import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createRequire } from "node:module";
import {
  DataType,
  MessageSecurityMode,
  OPCUACertificateManager,
  OPCUAServer,
  SecurityPolicy,
  StatusCodes,
  Variant,
  VariantArrayType,
  nodesets,
} from "node-opcua";
import type { AddressSpace, Namespace, UAObject, UAVariable } from "node-opcua";
import { PACKML, VENDOR } from "./server-protocol.ts";
import type { Answer, Order, ServerOptions } from "./server-protocol.ts";

/* A real server of node-opcua in a process of its own: what the connector reads is not in its own memory. */

/** The press's variables. */
const types: Readonly<Record<string, DataType>> = {
  temperature: DataType.Double,
  pressure: DataType.Double,
  kept: DataType.Double,
  count: DataType.Int64,
  name: DataType.String,
  label: DataType.LocalizedText,
  mode: DataType.Int32,
  numbers: DataType.Double,
  bytes: DataType.ByteString,
  structure: DataType.ExtensionObject,
};

const options = JSON.parse(process.argv[2] ?? "{}") as ServerOptions;
const services = new Map<string, number>();
const variables = new Map<string, UAVariable>();
const answer = (message: Answer) => process.send?.(message);

const users = new OPCUACertificateManager({
  rootFolder: join(options.pki, "users"),
  automaticallyAcceptUnknownCertificate: false,
  disableFileWatchers: true,
});
await users.initialize();
for (const path of options.users ?? []) await users.trustCertificate(new X509Certificate(readFileSync(path)).raw);

const server = new OPCUAServer({
  port: options.port,
  hostname: "127.0.0.1",
  nodeset_filename: nodesetFiles(),
  serverCertificateManager: new OPCUACertificateManager({
    rootFolder: options.pki,
    automaticallyAcceptUnknownCertificate: true,
    disableFileWatchers: true,
  }),
  userCertificateManager: users,
  ...(options.certificateFile && {
    certificateFile: options.certificateFile,
    privateKeyFile: join(dirname(options.certificateFile), "key.pem"),
  }),
  securityModes: [MessageSecurityMode.None, MessageSecurityMode.Sign, MessageSecurityMode.SignAndEncrypt],
  securityPolicies: [
    SecurityPolicy.None,
    SecurityPolicy.Basic256Sha256,
    SecurityPolicy.Aes128_Sha256_RsaOaep,
    SecurityPolicy.Aes256_Sha256_RsaPss,
  ],
  allowAnonymous: options.anonymous ?? true,
  userManager: { isValidUser: (user: string, password: string) => user === "hub" && password === "correct horse" },
  // 0: each change is sent; otherwise those within 50 ms would be one.
  serverCapabilities: {
    maxSessions: 50,
    minSupportedSampleRate: 0,
    operationLimits: { maxMonitoredItemsPerCall: 5_000 },
  },
});
server.on("request", (request: { constructor: { name: string } }) => {
  const { name } = request.constructor;
  services.set(name, (services.get(name) ?? 0) + 1);
});

await server.initialize();
build();
await server.start();
process.on("disconnect", () => process.exit(0));
process.on("message", (order: Order) => obey(order));
answer({ ready: true });

function obey(order: Order): void {
  switch (order.kind) {
    case "set":
      for (const { node, value, at, status } of order.values) set(node, value, at, status);
      break;
    case "cycle":
      cycle(order.count, order.everyMs);
      break;
    case "services":
      break;
  }
  answer({ done: order.order, services: Object.fromEntries(services) });
}

function set(name: string, value: unknown, at: number | undefined, status: string | undefined): void {
  const variable = variables.get(name);
  if (variable === undefined) throw new Error(`no variable ${name}`);
  const code = status === undefined ? StatusCodes.Good : StatusCodes[status as "Good"];
  const dataType = types[name] ?? DataType.Double;
  const arrayType =
    Array.isArray(value) && dataType !== DataType.Int64 ? VariantArrayType.Array : VariantArrayType.Scalar;
  variable.setValueFromSource(new Variant({ dataType, arrayType, value }), code, new Date(at ?? Date.now()));
}

/** Doubles that change all together, for load. */
function cycle(count: number, everyMs: number): void {
  let round = 0;
  setInterval(() => {
    round++;
    const now = new Date();
    for (let at = 0; at < count; at++)
      variables
        .get(`load-${at}`)
        ?.setValueFromSource(
          new Variant({ dataType: DataType.Double, value: round + at / 1e6 }),
          StatusCodes.Good,
          now,
        );
  }, everyMs);
}

function build(): void {
  const space = server.engine.addressSpace as AddressSpace;
  // What stands before it decides the number of the vendor's namespace.
  for (const uri of options.before ?? []) space.registerNamespace(uri);
  const vendor = space.registerNamespace(VENDOR);
  const press = vendor.addObject({ browseName: "Press", nodeId: "s=Press", organizedBy: space.rootFolder.objects });
  for (const [name, dataType] of Object.entries(types)) add(vendor, press, name, dataType);
  for (let at = 0; at < (options.load ?? 0); at++) add(vendor, press, `load-${at}`, DataType.Double);
  const kept = variables.get("kept") as UAVariable;
  space.installHistoricalDataNode(kept, { maxOnlineValues: 20_000 });
  if (options.companions) buildCompanions(space, vendor);
}

function add(vendor: Namespace, parent: UAObject, name: string, dataType: DataType): void {
  const variable = vendor.addVariable({
    componentOf: parent,
    browseName: name,
    nodeId: `s=${name}`,
    dataType: dataType === DataType.ExtensionObject ? "Structure" : DataType[dataType],
    ...(name === "numbers" && { valueRank: 1, arrayDimensions: [0] }),
    minimumSamplingInterval: 0,
  });
  variables.set(name, variable);
  if (dataType === DataType.Double)
    variable.setValueFromSource(new Variant({ dataType, value: 0 }), StatusCodes.Good, new Date(options.startedAt));
}

function buildCompanions(space: AddressSpace, vendor: Namespace): void {
  const machinery = space.getNamespaceIndex("http://opcfoundation.org/UA/Machinery/");
  const machines = space.findNode(`ns=${machinery};i=1001`) as UAObject;
  const machine = vendor.addObject({ browseName: "Press 4", nodeId: "s=Press4", organizedBy: machines });
  const identificationType = space.findObjectType("MachineIdentificationType", machinery);
  const identification = identificationType?.instantiate({
    browseName: { name: "Identification", namespaceIndex: machinery },
    componentOf: machine,
    namespace: vendor,
  });
  const serial = identification?.getPropertyByName("SerialNumber") as UAVariable | null;
  serial?.setValueFromSource(new Variant({ dataType: DataType.String, value: "P4-0815" }));
  const packml = space.getNamespaceIndex(PACKML);
  const unit = space.findObjectType("PackMLBaseObjectType", packml)?.instantiate({
    browseName: "Packer",
    organizedBy: space.rootFolder.objects,
    namespace: vendor,
  });
  const status = unit?.getComponentByName("Status", packml) as UAObject | null;
  const mode = status?.getComponentByName("UnitModeCurrent", packml) ?? status?.getPropertyByName("UnitModeCurrent");
  (mode as UAVariable | null | undefined)?.setValueFromSource(new Variant({ dataType: DataType.Int32, value: 1 }));
  const jobs = space.getNamespaceIndex("http://opcfoundation.org/UA/ISA95-JOBCONTROL_V2/");
  space.findObjectType("ISA95JobOrderReceiverObjectType", jobs)?.instantiate({
    browseName: "Jobs",
    componentOf: machine,
    namespace: vendor,
  });
  const type = space.findDataType("ISA95JobOrderDataType", jobs);
  if (type === null) throw new Error("no ISA95JobOrderDataType");
  const order = space.constructExtensionObject(type, { jobOrderID: "WO-1", priority: 3 });
  variables
    .get("structure")
    ?.setValueFromSource(new Variant({ dataType: DataType.ExtensionObject, value: order }), StatusCodes.Good);
}

function nodesetFiles(): string[] {
  if (!options.companions) return [nodesets.standard];
  const folder = dirname(createRequire(import.meta.url).resolve("node-opcua-nodesets/package.json"));
  const file = (name: string) => join(folder, "nodesets", name);
  return [
    nodesets.standard,
    nodesets.di,
    nodesets.ia,
    nodesets.machinery,
    nodesets.packML,
    file("opc.ua.isa95-jobcontrol.nodeset2.xml"),
  ];
}
