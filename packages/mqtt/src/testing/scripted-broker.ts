import { once } from "node:events";
import net from "node:net";
import { generate, parser } from "mqtt-packet";
import type { Packet } from "mqtt-packet";
import { eventually } from "@lineshaft/testing";
import { portOf } from "./brokers.ts";

/** A broker that says what a test tells it to, and remembers what it heard. For what no real broker can be made to do. */
export interface ScriptedBroker extends AsyncDisposable {
  readonly port: number;
  readonly heard: Packet[];
  /** What a CONNECT is answered with; undefined lets the client wait. */
  connack: Packet | Buffer | undefined;
  /** Return codes of a SUBACK. */
  granted: number[];
  /** Whether pings are answered. */
  answersPings: boolean;
  send(packet: Packet): void;
  sendBytes(bytes: Buffer): void;
  /** Bytes written and not yet taken by the client's side. */
  readonly unsent: number;
  hear(cmd: Packet["cmd"], count?: number): Promise<void>;
}

export async function startScriptedBroker(protocolVersion: 4 | 5): Promise<ScriptedBroker> {
  const heard: Packet[] = [];
  let current: net.Socket | undefined;
  const server = net.createServer({ noDelay: true }, (socket) => {
    current = socket;
    const packets = parser({ protocolVersion });
    packets.on("packet", (packet) => {
      heard.push(packet);
      answer(packet);
    });
    socket.on("data", (chunk: Buffer) => packets.parse(chunk));
    // The client may leave at any time.
    socket.on("error", () => socket.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const answer = (packet: Packet) => {
    if (packet.cmd === "connect" && broker.connack) broker.sendBytes(encode(broker.connack));
    if (packet.cmd === "subscribe")
      broker.send({ cmd: "suback", messageId: packet.messageId, granted: broker.granted });
    if (packet.cmd === "unsubscribe") broker.send({ cmd: "unsuback", messageId: packet.messageId, granted: [0] });
    if (packet.cmd === "pingreq" && broker.answersPings) broker.send({ cmd: "pingresp" });
  };
  const encode = (packet: Packet | Buffer) =>
    Buffer.isBuffer(packet) ? packet : generate(packet, { protocolVersion });
  const broker: ScriptedBroker = {
    port: portOf(server),
    heard,
    connack: { cmd: "connack", sessionPresent: false, returnCode: 0, reasonCode: 0 },
    granted: [1],
    answersPings: true,
    send: (packet) => broker.sendBytes(encode(packet)),
    sendBytes: (bytes) => void current?.write(bytes),
    get unsent() {
      return current?.writableLength ?? 0;
    },
    hear: (cmd, count = 1) =>
      eventually(
        `the broker hears ${count} ${cmd}`,
        () => heard.filter((packet) => packet.cmd === cmd).length >= count,
        () => heard.map((packet) => packet.cmd),
      ),
    async [Symbol.asyncDispose]() {
      current?.destroy();
      server.close();
      await once(server, "close");
    },
  };
  return broker;
}
