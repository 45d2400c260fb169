import { tagSourceCases } from "@lineshaft/testing";
import { caseBedOf } from "./testing/bed.ts";
import { OpcUaServer } from "./testing/opcua-server.ts";

tagSourceCases("OPC UA from a server of node-opcua", async () => caseBedOf(await OpcUaServer.open()));
