import { once } from "node:events";
import { createInterface } from "node:readline";
import {
  DataType,
  MessageSecurityMode,
  OPCUACertificateManager,
  OPCUAServer,
  SecurityPolicy,
  Variant,
} from "node-opcua";
import type { UAVariable } from "node-opcua";

/*
 * A machine's OPC UA server in a process of its own. Arguments: its port, and a folder for its certificates. What its variables
 * hold is said on stdin, a JSON object a line, `{"good": 12}`; each line is answered with "ok".
 */
const [port = "0", pki = "pki"] = process.argv.slice(2);

const server = new OPCUAServer({
  port: Number(port),
  hostname: "127.0.0.1",
  serverCertificateManager: new OPCUACertificateManager({
    rootFolder: pki,
    automaticallyAcceptUnknownCertificate: true,
    disableFileWatchers: true,
  }),
  securityModes: [MessageSecurityMode.None],
  securityPolicies: [SecurityPolicy.None],
});
await server.initialize();
const space = server.engine.addressSpace;
if (!space) throw new Error("The server has no address space.");
const namespace = space.registerNamespace("urn:machine");
const machine = namespace.addObject({ browseName: "Machine", organizedBy: space.rootFolder.objects });
const types: Readonly<Record<string, DataType>> = {
  good: DataType.UInt32,
  state: DataType.Int32,
  order: DataType.String,
  lot: DataType.String,
};
const variables = new Map<string, UAVariable>();
for (const [name, dataType] of Object.entries(types))
  variables.set(name, namespace.addVariable({ componentOf: machine, browseName: name, nodeId: `s=${name}`, dataType }));

function tell(name: string, value: unknown): void {
  const dataType = types[name];
  if (dataType === undefined) throw new Error(`The machine has no ${name}.`);
  variables.get(name)?.setValueFromSource(new Variant({ dataType, value }));
}

await server.start();
console.log("ready");
const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => {
  for (const [name, value] of Object.entries(JSON.parse(line) as Record<string, unknown>)) tell(name, value);
  console.log("ok");
});
await once(lines, "close");
await server.shutdown(0);
