import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import RED from "node-red";
import type { AboutPeer, OpenPeerTool, PeerFact, Target } from "../src/peers/hand-over.ts";
import { versionOf } from "./version.ts";

/*
 * A flow of function nodes: facts in, duplicates out, a node per target, the outcome noted. What is known and what came of
 * it stands in the context store on files, which is written every 30 s: nothing of this run is safe from a crash.
 */
const LOT = 100;

export const about = (): Promise<AboutPeer> =>
  Promise.resolve({
    version: versionOf("node-red"),
    settings: "not durable: messages in memory, context store localfilesystem written every 30 s (its default)",
  });

interface Line {
  send: (fact: PeerFact) => void;
  apply: (target: Target, id: string) => string;
  recorded: number;
}

export const open: OpenPeerTool = async ({ folder, apply }) => {
  const line: Line = { send: () => undefined, apply, recorded: 0 };
  writeFileSync(join(folder, "flows.json"), JSON.stringify(flows));
  RED.init(createServer(), {
    userDir: folder,
    flowFile: "flows.json",
    httpAdminRoot: false,
    httpNodeRoot: false,
    credentialSecret: false,
    contextStorage: { default: { module: "localfilesystem" } },
    functionGlobalContext: { line },
    logging: { console: { level: "error", metrics: false, audit: false } },
  });
  const started = once(RED.events, "flows:started");
  await RED.start();
  await started;
  return {
    submit: async (facts) => {
      for (let at = 0; at < facts.length; at += LOT) {
        for (const fact of facts.slice(at, at + LOT)) line.send(fact);
        await new Promise((next) => setImmediate(next));
      }
    },
    recorded: () => Promise.resolve(line.recorded),
    [Symbol.asyncDispose]: () => RED.stop(),
  };
};

const functionNode = (id: string, func: string, wires: string[][], initialize = "") => ({
  id,
  type: "function",
  z: "tab",
  name: `${id} of the hand-over`,
  func,
  initialize,
  outputs: wires.length,
  wires,
});

const applyAt = (target: Target) =>
  `msg.receipt = global.get("line").apply("${target}", msg.payload.id); msg.target = "${target}"; return msg;`;

const flows = [
  { id: "tab", type: "tab", label: "hand-over" },
  functionNode(
    "facts",
    "return msg;",
    [["known"]],
    `global.get("line").send = (fact) => node.send({ payload: fact.body });`,
  ),
  functionNode(
    "known",
    `const known = flow.get("known") ?? {};
     if (known[msg.payload.id]) return null;
     known[msg.payload.id] = true;
     flow.set("known", known);
     return msg;`,
    [["one", "two"]],
  ),
  functionNode("one", applyAt("one"), [["outcome"]]),
  functionNode("two", applyAt("two"), [["outcome"]]),
  functionNode(
    "outcome",
    `const outcomes = flow.get("outcomes") ?? {};
     outcomes[msg.target + "/" + msg.payload.id] = msg.receipt;
     flow.set("outcomes", outcomes);
     global.get("line").recorded++;
     return null;`,
    [],
  ),
];
