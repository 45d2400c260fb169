import { tagSourceCases } from "@lineshaft/testing";
import { bedOf, named } from "./testing/bed.ts";
import { OpcUaServer } from "./testing/opcua-server.ts";

tagSourceCases("OPC UA from a server of node-opcua", async () => {
  const server = await OpcUaServer.open();
  const { source, dispose } = bedOf({ endpoint: server.endpoint, nodes: named("temperature") });
  const set = (value: number) => server.set({ node: "temperature", value });
  return {
    tags: source,
    tag: "temperature",
    set,
    lose: () => server.kill(),
    bringBack: async (value) => {
      await server.start();
      await set(value);
    },
    dispose: async () => {
      dispose();
      await server[Symbol.asyncDispose]();
    },
  };
});
