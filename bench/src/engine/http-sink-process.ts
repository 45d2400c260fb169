import { createServer } from "node:http";
import { tell } from "../child.ts";

/** A server that answers each POST with 200 as soon as its body is there. */
const server = createServer((request, response) => {
  request.resume();
  request.on("end", () => {
    response.writeHead(200, { "content-type": "application/json", "content-length": ANSWER.length });
    response.end(ANSWER);
  });
});
const ANSWER = '{"ok":true}';
server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  tell({ url: `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}` });
});
process.on("disconnect", () => process.exit(0));
