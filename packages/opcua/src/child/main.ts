import { setErrorLogger, setWarningLogger } from "node-opcua-client";
import type { ConnectionSettings, Failure, FromChild, ReadingSettings, Task, ToChild } from "../protocol.ts";
import { BEAT_MS } from "../protocol.ts";
import { browsePath } from "./browse.ts";
import { findCompanions } from "./companions.ts";
import { LinkError, openLink } from "./link.ts";
import type { Link } from "./link.ts";
import { Outbox } from "./outbox.ts";
import { Reader } from "./reader.ts";
import { tagsOf } from "./tags.ts";

/*
 * The process that speaks OPC UA. Its parent sends one task, and then only says what it has taken. It ends with its task,
 * or with its parent.
 */

function say(message: FromChild): void {
  if (process.connected) process.send?.(message);
}

/** node-opcua writes long warnings to the console; here they are lines of the hub's log, for who looks for them. */
function quieten(): void {
  const toLog = (...parts: unknown[]) =>
    say({ kind: "log", level: "debug", message: parts.map(String).join(" ").slice(0, LOG_CHARS) });
  setWarningLogger(toLog);
  setErrorLogger(toLog);
}

const LOG_CHARS = 1_000;

async function perform(task: Task): Promise<void> {
  const link = await openLink(task.connection);
  process.on("message", (message: ToChild) => {
    if (message.kind === "stop") void link.close().finally(() => process.exit(0));
  });
  switch (task.kind) {
    case "read":
      return read(link, task.connection, task.reading);
    case "check":
      say({ kind: "checked", report: await check(link) });
      break;
    case "browse":
      say({ kind: "browsed", listing: await browsePath(link.session, await link.namespaces(), task.path) });
      break;
  }
  await link.close();
  process.disconnect();
}

async function read(link: Link, { endpoint }: ConnectionSettings, settings: ReadingSettings): Promise<void> {
  link.onEnd((error) => fail({ message: `The connection to ${endpoint} ended.`, said: error.message, next: "" }));
  const found = await findCompanions(link.session, await link.namespaces(), settings.companions);
  if (settings.companions.length > 0)
    say({ kind: "log", level: "info", message: `Found ${found.length} nodes of companion specifications.` });
  const taken = new Set(settings.nodes.map((node) => node.tag ?? node.node));
  const nodes = [...settings.nodes, ...found.filter((node) => !taken.has(node.tag ?? node.node))];
  if (nodes.length > settings.limits.nodes)
    throw new LinkError({
      message: `The server ${endpoint} has ${nodes.length} nodes to read, and ${settings.limits.nodes} are allowed.`,
      next: "Read fewer, or raise limits.nodes.",
    });
  const outbox = new Outbox(say, settings.limits.changesHeld);
  process.on("message", (message: ToChild) => {
    if (message.kind === "taken") outbox.taken(message.batch);
  });
  const reader = new Reader({ link, outbox, tags: tagsOf(nodes, settings.defaults), settings, say });
  await reader.start();
  say({ kind: "listening" });
  setInterval(() => {
    const { user, system } = process.cpuUsage();
    const rssBytes = process.memoryUsage.rss();
    say({ kind: "beat", rssBytes, cpuMs: (user + system) / 1_000, items: reader.items, connected: reader.connected });
  }, BEAT_MS);
}

async function check(link: Link): Promise<{ server: string; version: string; state: string }> {
  const [product, version, state] = await link.session.read(
    ["i=2261", "i=2264", "i=2259"].map((nodeId) => ({ nodeId, attributeId: 13 })),
  );
  const text = (value: unknown) => (typeof value === "string" ? value : "");
  return {
    server: text(product?.value.value),
    version: text(version?.value.value),
    state: SERVER_STATES[Number(state?.value.value)] ?? "unknown",
  };
}

/** Part 5 §12.6. */
const SERVER_STATES = [
  "running",
  "failed",
  "without configuration",
  "suspended",
  "shutting down",
  "in test",
  "with a communication fault",
  "unknown",
];

function fail(failure: Failure): void {
  if (!process.connected) process.exit(1);
  process.send?.({ kind: "failed", failure } satisfies FromChild, () => process.exit(1));
}

quieten();
process.on("disconnect", () => process.exit(0));
process.once("message", (task: Task) => {
  perform(task).catch((error: unknown) => {
    if (error instanceof LinkError) return fail(error.failure);
    const said = error instanceof Error ? error.message : String(error);
    fail({
      message: `Reading ${task.connection.endpoint} failed.`,
      said,
      next: "See that the server is in order; it is tried again.",
    });
  });
});
