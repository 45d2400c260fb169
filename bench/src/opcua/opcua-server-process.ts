import { DataType, OPCUACertificateManager, OPCUAServer, StatusCodes, Variant } from "node-opcua";
import type { UAVariable } from "node-opcua";
import { childOptions, tell } from "../child.ts";

/* A server of node-opcua with doubles that all change at once, every so often. */

const { port, folder, items, everyMs } = childOptions() as {
  port: number;
  folder: string;
  items: number;
  everyMs: number;
};
const server = new OPCUAServer({
  port,
  hostname: "127.0.0.1",
  serverCertificateManager: new OPCUACertificateManager({
    rootFolder: folder,
    automaticallyAcceptUnknownCertificate: true,
    disableFileWatchers: true,
  }),
});
await server.initialize();
const space = server.engine.addressSpace;
if (!space) throw new Error("The server has no address space.");
const own = space.registerNamespace("http://bench.example/plant");
const plant = own.addObject({ browseName: "Plant", organizedBy: space.rootFolder.objects });
const variables: UAVariable[] = Array.from({ length: items }, (_, at) =>
  own.addVariable({ componentOf: plant, browseName: `v${at}`, nodeId: `s=v${at}`, dataType: "Double" }),
);
let round = 0;
const change = () => {
  round++;
  const now = new Date();
  for (const [at, variable] of variables.entries())
    variable.setValueFromSource(
      new Variant({ dataType: DataType.Double, value: round + at / 1e6 }),
      StatusCodes.Good,
      now,
    );
};
change();
await server.start();
setInterval(change, everyMs);
process.on("disconnect", () => process.exit(0));
tell({ ready: true });
