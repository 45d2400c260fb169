import { tagSourceCases } from "@lineshaft/testing";
import { startJsmodbus } from "./testing/devices.ts";
import { openReader } from "./testing/reader.ts";

const REGISTER = 3;
/** More than an interval, and than two: what was missed then is a gap. */
const PASS_MS = 3_000;

tagSourceCases("Modbus TCP from a device of jsmodbus", async () => {
  const device = await startJsmodbus();
  const reader = await openReader({ port: device.port, registers: { n: { table: "holding", address: REGISTER } } });
  const set = (value: number) => void device.holding.writeUInt16BE(value, REGISTER * 2);
  return {
    tags: reader.tags,
    tag: "n",
    set,
    lose: () => device.stop(),
    bringBack: async (value) => {
      set(value);
      await device.start();
    },
    pass: () => reader.clock.advance(PASS_MS),
    dispose: async () => {
      await device[Symbol.asyncDispose]();
    },
  };
});
