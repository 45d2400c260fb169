import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import http2 from "node:http2";
import { createRequire } from "node:module";
import { type AddressInfo, createServer } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import * as restate from "@restatedev/restate-sdk";
import type { AboutPeer, OpenPeer, OpenPeerTool, PeerFact, Target } from "../src/peers/hand-over.ts";
import { versionOf } from "./version.ts";

/*
 * A virtual object per target and order: its invocations run one after the other in the order of arrival. Each is sent
 * with the fact's id as idempotency key. The server journals to its own store and syncs it. The one call of a handler is
 * no `run` of its own: that would be recorded twice, and promises no more.
 */
const IN_FLIGHT = 128;
const START_MS = 60_000;
const PARTITIONS = 4;

export const about = (): Promise<AboutPeer> =>
  Promise.resolve({
    version: `${versionOf("@restatedev/restate-server")} (Business Source License), ${versionOf("@restatedev/restate-sdk")}`,
    settings: `a virtual object per order, ${IN_FLIGHT} sends awaited at most, ${PARTITIONS} partitions, replication 1, its log synced (its default)`,
  });

export const open: OpenPeerTool = async ({ folder, apply }) => {
  const service = http2.createServer(restate.createEndpointHandler({ services: objects(apply), logger: quiet }));
  service.listen(0, "127.0.0.1");
  await once(service, "listening");
  const [ingress, admin, node] = await freePorts(3);
  const server = startServer({
    RESTATE_BASE_DIR: folder,
    RESTATE_BIND_PORT: String(node),
    RESTATE_INGRESS__BIND_PORT: String(ingress),
    RESTATE_ADMIN__BIND_PORT: String(admin),
    RESTATE_DEFAULT_NUM_PARTITIONS: String(PARTITIONS),
  });
  await register(`http://127.0.0.1:${admin}`, `http://127.0.0.1:${(service.address() as AddressInfo).port}`);
  const session = http2.connect(`http://127.0.0.1:${ingress}`);
  await once(session, "connect");
  return {
    submit: (facts) => submit(session, facts),
    recorded: () => completed(`http://127.0.0.1:${admin}`),
    [Symbol.asyncDispose]: async () => {
      session.destroy();
      server.kill("SIGKILL");
      if (server.exitCode === null && server.signalCode === null) await once(server, "exit");
      service.close();
    },
  };
};

function objects(apply: OpenPeer["apply"]) {
  return (["one", "two"] as const).map((target) =>
    restate.object({
      name: target,
      handlers: {
        apply: (_: restate.ObjectContext, { id }: { id: string }) => Promise.resolve(apply(target, id)),
      },
    }),
  );
}

function startServer(environment: Record<string, string>): ChildProcess {
  const of = createRequire(createRequire(import.meta.url).resolve("@restatedev/restate-server/package.json"));
  const binary = of.resolve(`@restatedev/restate-server-${process.platform}-${process.arch}/bin/restate-server`);
  const server = spawn(binary, ["--no-logo", "--listen-mode", "tcp", "--node-name", "bench"], {
    stdio: ["ignore", "inherit", "inherit"],
    env: {
      ...process.env,
      RESTATE_BIND_IP: "127.0.0.1",
      RESTATE_ADVERTISED_HOST: "127.0.0.1",
      RESTATE_LOG_FILTER: "error,octocrab=off",
      RESTATE_DISABLE_TELEMETRY: "true",
      RESTATE_ADMIN__DISABLE_WEB_UI: "true",
      ...environment,
    },
  });
  process.once("exit", () => server.kill("SIGKILL"));
  return server;
}

async function register(admin: string, uri: string): Promise<void> {
  const until = performance.now() + START_MS;
  for (;;) {
    const answer = await fetch(`${admin}/deployments`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ uri }),
    }).catch(() => undefined);
    if (answer?.ok) return;
    if (performance.now() > until)
      throw new Error(`restate-server took no deployment within ${START_MS} ms: ${await answer?.text()}`);
    await pause(200);
  }
}

async function completed(admin: string): Promise<number> {
  const answer = await fetch(`${admin}/query`, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json" },
    body: JSON.stringify({ query: "select count(*) as n from sys_invocation where status = 'completed'" }),
  });
  const { rows } = (await answer.json()) as { rows: { n: number }[] };
  return rows[0]?.n ?? 0;
}

/** A key's next fact is sent when the one before is accepted: two requests on their way may arrive in either order. */
async function submit(session: http2.ClientHttp2Session, facts: readonly PeerFact[]): Promise<void> {
  const before = new Map<string, Promise<void>>();
  let next = 0;
  const lane = async () => {
    for (let fact = facts[next++]; fact !== undefined; fact = facts[next++]) {
      const one = fact;
      const sent = (before.get(one.key) ?? Promise.resolve()).then(() => sendToBoth(session, one));
      before.set(one.key, sent);
      await sent;
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
}

async function sendToBoth(session: http2.ClientHttp2Session, fact: PeerFact): Promise<void> {
  await Promise.all([send(session, "one", fact), send(session, "two", fact)]);
}

function send(session: http2.ClientHttp2Session, target: Target, { id, key, raw }: PeerFact): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = session.request({
      ":method": "POST",
      ":path": `/${target}/${key}/apply/send`,
      "content-type": "application/json",
      "idempotency-key": id,
    });
    let status = 0;
    let text = "";
    request.setEncoding("utf8");
    request.on("response", (headers) => (status = headers[":status"] ?? 0));
    request.on("data", (part: string) => (text += part));
    request.on("end", () =>
      status >= 200 && status < 300 ? resolve() : reject(new Error(`Restate answered ${status}: ${text}`)),
    );
    request.on("error", reject);
    request.end(raw);
  });
}

async function freePorts(count: number): Promise<number[]> {
  const probes = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(probes.map((probe) => once(probe, "listening")));
  const ports = probes.map((probe) => (probe.address() as AddressInfo).port);
  await Promise.all(probes.map((probe) => once(probe.close(), "close")));
  return ports;
}

/** Its default tells of every invocation. */
const quiet: restate.LoggerTransport = ({ level }, message, ...more) => {
  if (level === "error") process.stderr.write(`restate: ${String(message)} ${more.join(" ")}\n`);
};
