import { once } from "node:events";
import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { LineshaftError } from "@lineshaft/core";
import type { GatewayStatus } from "./gateway.ts";
import { iso } from "./gap.ts";

export interface ServedGateway extends AsyncDisposable {
  readonly url: string;
}

interface PageOptions {
  gateway: { status(): GatewayStatus };
  port: number;
  host?: string;
  version: string;
}

const LOOPBACK = ["127.0.0.1", "localhost", "::1"];
/** The page looks again this often, in seconds. */
const REFRESH_S = 2;

/**
 * For this machine only: `/` for people, `/status` as JSON, `/healthz` (the process answers) and `/readyz` (it takes facts;
 * 503 while it cannot write). A link that is down is no reason not to be ready: that is what a gateway is for.
 * @throws LineshaftError `config-invalid` for an address that others could reach, `port-taken`
 */
export async function serveGateway({
  gateway,
  port,
  host = "127.0.0.1",
  version,
}: PageOptions): Promise<ServedGateway> {
  if (!LOOPBACK.includes(host))
    throw new LineshaftError(
      "config-invalid",
      `The gateway's page would listen on ${host}, where others could reach it.`,
      {
        next: "Leave --host away; reach the page from elsewhere through an SSH tunnel.",
      },
    );
  const server = createServer((request, response) => answer(request, response, gateway.status(), version));
  server.listen(port, host);
  try {
    await once(server, "listening");
  } catch (cause) {
    throw new LineshaftError("port-taken", `The gateway's page cannot listen on ${host}:${port}.`, {
      next: "Stop the program that has the port, or take another with --port.",
      cause,
    });
  }
  return {
    url: `http://${host}:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function answer(request: IncomingMessage, response: ServerResponse, status: GatewayStatus, version: string): void {
  const send = (code: number, type: string, body: string) => {
    response.writeHead(code, {
      "content-type": type,
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
    });
    response.end(body);
  };
  const json = (code: number, body: object) => send(code, "application/json", JSON.stringify(body));
  // A page elsewhere whose name was made to point here sends its own name (DNS rebinding).
  const name = (request.headers.host ?? "").replace(/:\d{1,5}$/, "").replace(/^\[(.*)\]$/, "$1");
  if (!LOOPBACK.includes(name)) return json(421, { message: "This page answers only to localhost and 127.0.0.1." });
  if (request.method !== "GET") return json(405, { message: "There is nothing to write here." });
  switch (request.url ?? "") {
    case "/healthz":
      return json(200, { status: "alive" });
    case "/readyz": {
      const { problem } = status.buffer;
      return problem === undefined ? json(200, { status: "ready" }) : json(503, { status: "not ready", problem });
    }
    case "/status":
      return json(200, { ...status, version });
    case "/":
      return send(200, "text/html; charset=utf-8", page(status, version));
    default:
      return json(404, { message: "No such path. There are /, /status, /healthz and /readyz." });
  }
}

function page(status: GatewayStatus, version: string): string {
  const rows = rowsOf(status, version).map(([what, how]) => `<tr><th>${escape(what)}</th><td>${escape(how)}</td></tr>`);
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="${REFRESH_S}">
<title>${escape(status.name)}</title>
<style>body{font:16px system-ui;margin:2rem}th{text-align:left;padding:.3rem 2rem .3rem 0;vertical-align:top}</style>
<h1>Gateway ${escape(status.name)}</h1><table>${rows.join("")}</table></html>`;
}

function rowsOf(
  { link, buffer, hub, systems, now, configuration }: GatewayStatus,
  version: string,
): [string, string][] {
  const since = `since ${iso(link.since)}`;
  return [
    ["Link", `${linkWord(link.state)} ${since}, to ${hub}`],
    ...(link.message === undefined ? [] : [["Why", link.message] satisfies [string, string]]),
    ...(link.nextTryAt === undefined ? [] : [["Next try", iso(link.nextTryAt)] satisfies [string, string]]),
    ["Waiting", `${buffer.facts} facts, ${megabytes(buffer.bytes)} of ${megabytes(buffer.maxBytes)} MB`],
    ["Oldest", buffer.oldest === undefined ? "none waits" : `recorded ${iso(buffer.oldest)}`],
    ["Shed", `${buffer.shed} telemetry facts`],
    ...(buffer.holdingSince === undefined
      ? []
      : [
          ["Sources", `held back since ${iso(buffer.holdingSince)}, because the buffer is full`] satisfies [
            string,
            string,
          ],
        ]),
    ...(buffer.aside === undefined ? [] : [["Set aside", buffer.aside] satisfies [string, string]]),
    ...(buffer.problem === undefined ? [] : [["Problem", buffer.problem] satisfies [string, string]]),
    ["Hub's clock", link.skewMs === undefined ? "not compared yet" : `${link.skewMs} ms ahead of this one`],
    ...systems.flatMap(({ name, sources }) =>
      sources.map((source): [string, string] => [
        `Source ${name} ${source.name}`,
        `${source.state} since ${iso(source.since)}, ${source.facts} facts${source.message === undefined ? "" : `. ${source.message}`}`,
      ]),
    ),
    ...configurationRows(configuration),
    ["Version", `${version}, at ${iso(now)}`],
  ];
}

function configurationRows(status: GatewayStatus["configuration"]): [string, string][] {
  if (status === undefined) return [];
  const { runs, refused, problem } = status;
  return [
    [
      "Configuration",
      runs === undefined ? "none yet: it waits for the hub" : `version ${runs.version}, since ${iso(runs.since)}`,
    ],
    ...(refused === undefined
      ? []
      : [
          ["Refused", `version ${refused.version}, ${iso(refused.since)}. ${refused.message}`] satisfies [
            string,
            string,
          ],
        ]),
    ...(problem === undefined ? [] : [["On the disk", problem] satisfies [string, string]]),
  ];
}

function linkWord(state: GatewayStatus["link"]["state"]): string {
  return state === "refused" ? "refused by the hub" : state;
}

function megabytes(bytes: number): string {
  return (bytes / 1_048_576).toFixed(1);
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
