import { readFileSync } from "node:fs";
import type { FastifyInstance } from "fastify";

const folder = new URL("../page/", import.meta.url);
const files = [
  { path: "/", file: "index.html", type: "text/html; charset=utf-8" },
  { path: "/page.css", file: "page.css", type: "text/css; charset=utf-8" },
  { path: "/page.js", file: "page.js", type: "text/javascript; charset=utf-8" },
  { path: "/words.js", file: "words.js", type: "text/javascript; charset=utf-8" },
  { path: "/gateways", file: "gateways.html", type: "text/html; charset=utf-8" },
  { path: "/gateways.css", file: "gateways.css", type: "text/css; charset=utf-8" },
  { path: "/gateways.js", file: "gateways.js", type: "text/javascript; charset=utf-8" },
  { path: "/gateway-words.js", file: "gateway-words.js", type: "text/javascript; charset=utf-8" },
  { path: "/icon.svg", file: "icon.svg", type: "image/svg+xml" },
];

/** Nothing from elsewhere, nothing inline, in nobody's frame. */
const headers = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cache-control": "no-cache",
};

/** The live page: HTML, style and script as they lie in `page/`, read once. */
export function pageRoutes(app: FastifyInstance): void {
  for (const { path, file, type } of files) {
    const content = readFileSync(new URL(file, folder));
    app.get(path, (_request, reply) => reply.headers(headers).type(type).send(content));
  }
}
