import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { type IncomingMessage, type ServerResponse, createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "@lineshaft/testing/free-port";

/** Debian's InfluxDB 1.6, where it is installed. */
const program = ["/usr/bin/influxd", "/usr/sbin/influxd"].find((path) => existsSync(path));

export const influxMissing = program === undefined ? "influxd is not installed: apt-get install influxdb" : undefined;

export interface InfluxServer extends AsyncDisposable {
  url: string;
  query(text: string, database?: string): Promise<unknown>;
}

/** A real InfluxDB on 127.0.0.1 with files of its own and the database `plant`. */
export async function startInflux(): Promise<InfluxServer> {
  if (program === undefined) throw new Error(influxMissing);
  const folder = mkdtempSync(join(tmpdir(), "lineshaft-influx-"));
  const [http, rpc] = [await freePort(), await freePort()];
  const server = spawn(program, [], {
    stdio: "ignore",
    env: {
      ...process.env,
      INFLUXDB_REPORTING_DISABLED: "true",
      INFLUXDB_BIND_ADDRESS: `127.0.0.1:${rpc}`,
      INFLUXDB_HTTP_BIND_ADDRESS: `127.0.0.1:${http}`,
      INFLUXDB_META_DIR: join(folder, "meta"),
      INFLUXDB_DATA_DIR: join(folder, "data"),
      INFLUXDB_DATA_WAL_DIR: join(folder, "wal"),
      INFLUXDB_MONITOR_STORE_ENABLED: "false",
      HOME: folder,
    },
  });
  const ended = once(server, "exit");
  const url = `http://127.0.0.1:${http}`;
  const query = async (text: string, database = "plant") => {
    const answer = await fetch(`${url}/query?db=${database}`, {
      method: "POST",
      body: new URLSearchParams({ q: text }),
    });
    return answer.json();
  };
  while (
    !(await fetch(`${url}/ping`).then(
      ({ ok }) => ok,
      () => false,
    ))
  );
  await query("CREATE DATABASE plant");
  return {
    url,
    query,
    async [Symbol.asyncDispose]() {
      server.kill("SIGKILL");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export interface Relay extends AsyncDisposable {
  url: string;
  /** Requests that have come so far, as method and path. */
  readonly requests: string[];
  /** The next request is passed on, and its answer lost. */
  dropNextAnswer(): void;
  outage(on: boolean): Promise<void>;
}

/** A line to an HTTP server that can lose answers and go away. */
export async function startRelay(to: string): Promise<Relay> {
  let dropping = false;
  const requests: string[] = [];
  const server = createServer((incoming, outgoing) => {
    requests.push(`${incoming.method} ${incoming.url}`);
    const drop = dropping;
    dropping = false;
    pass(to, incoming, outgoing, drop);
  });
  const listen = async (port: number) => {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    return (server.address() as AddressInfo).port;
  };
  const close = async () => {
    if (!server.listening) return;
    server.closeAllConnections();
    server.close();
    server.closeAllConnections();
    await once(server, "close");
  };
  const port = await listen(0);
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    dropNextAnswer: () => {
      dropping = true;
    },
    outage: async (on) => void (await (on ? close() : listen(port))),
    [Symbol.asyncDispose]: close,
  };
}

function pass(to: string, incoming: IncomingMessage, outgoing: ServerResponse, drop: boolean): void {
  const { method, url, headers } = incoming;
  const onward = request(`${to}${url}`, { method, headers }, (answer) => {
    if (drop) {
      answer.resume().on("end", () => outgoing.destroy());
      return;
    }
    outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
    answer.pipe(outgoing);
  });
  onward.on("error", () => outgoing.destroy());
  incoming.pipe(onward);
}
