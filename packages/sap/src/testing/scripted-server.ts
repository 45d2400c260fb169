import { createServer } from "node:http";
import type { IncomingHttpHeaders } from "node:http";

export interface SeenRequest {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
  body: string;
}

export interface ScriptedAnswer {
  status: number;
  headers?: Record<string, string | string[]>;
  body?: string;
  /** Sends the headers and half of the body, then cuts the connection. */
  cut?: boolean;
}

/** An HTTP server on 127.0.0.1 that answers as told and keeps what it was sent, byte for byte. */
export interface ScriptedServer extends AsyncDisposable {
  url: string;
  seen: SeenRequest[];
}

export async function startScriptedServer(answer: (request: SeenRequest) => ScriptedAnswer): Promise<ScriptedServer> {
  const seen: SeenRequest[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { method = "", url = "", headers } = request;
      const came = { method, url, headers, body: Buffer.concat(chunks).toString("utf8") };
      seen.push(came);
      const { status, headers: answered = {}, body = "", cut = false } = answer(came);
      response.writeHead(status, { ...answered, "content-length": Buffer.byteLength(body) });
      if (!cut) return response.end(body);
      return response.write(body.slice(0, body.length / 2), () => request.socket.destroy());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("The server has no port.");
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { url: `http://127.0.0.1:${address.port}`, seen, [Symbol.asyncDispose]: close };
}
