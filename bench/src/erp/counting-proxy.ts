import { once } from "node:events";
import { Agent, createServer, request as forward } from "node:http";

/** Passes requests on to a server and counts them. */
export interface CountingProxy extends AsyncDisposable {
  readonly url: string;
  readonly calls: number;
}

/** Stands before `target` on a free port of 127.0.0.1; both ways of a bench go through it, so that it costs both the same. */
export async function startCountingProxy(target: string): Promise<CountingProxy> {
  const { hostname, port } = new URL(target);
  const agent = new Agent({ keepAlive: true });
  let calls = 0;
  const server = createServer((request, response) => {
    calls++;
    const { method, url: path, headers } = request;
    const onward = forward({ hostname, port, method, path, headers, agent }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on("error", () => request.socket.destroy());
    request.pipe(onward);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`,
    get calls() {
      return calls;
    },
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      agent.destroy();
      await once(server, "close");
    },
  };
}
