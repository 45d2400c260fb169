/** One part of a multipart body: its headers in lower case, and its content as bytes. */
export interface Part {
  headers: Record<string, string>;
  body: Buffer;
}

/** An HTTP request or response within a part of type application/http. */
export interface HttpPart {
  /** `POST ProdnOrdConf2 HTTP/1.1` or `HTTP/1.1 201 Created`. */
  startLine: string;
  headers: Record<string, string>;
  body: Buffer;
}

/** Most parts read from one body, nested ones counted apart. */
const MAX_PARTS = 1_000;
/** Most header lines of one part. */
const MAX_HEADERS = 100;

const CRLF = "\r\n";

/** Writes parts as multipart/mixed (RFC 2046 §5.1). The boundary must not occur in a part. */
export function writeMultipart(boundary: string, parts: readonly Part[]): Buffer {
  const chunks: Buffer[] = [];
  for (const part of parts) {
    const lines = Object.entries(part.headers).map(([name, value]) => `${name}: ${value}${CRLF}`);
    chunks.push(Buffer.from(`--${boundary}${CRLF}${lines.join("")}${CRLF}`), part.body, Buffer.from(CRLF));
  }
  chunks.push(Buffer.from(`--${boundary}--${CRLF}`));
  return Buffer.concat(chunks);
}

/**
 * Reads a multipart body. Takes bare line feeds too, which proxies and older gateways send.
 * @throws Error when the boundary never comes, the end is missing (a body cut short) or a limit is passed
 */
export function readMultipart(boundary: string, body: Buffer): Part[] {
  const parts: Part[] = [];
  let delimiter = findDelimiter(body, boundary, 0);
  if (!delimiter) throw new Error(`The multipart body lacks its boundary ${boundary}.`);
  while (!delimiter.last) {
    const next = findDelimiter(body, boundary, delimiter.end);
    if (!next) throw new Error(`The multipart body ends before its closing boundary ${boundary}.`);
    if (parts.length >= MAX_PARTS) throw new Error(`The multipart body has more than ${MAX_PARTS} parts.`);
    parts.push(readPart(body.subarray(delimiter.end, next.start)));
    delimiter = next;
  }
  return parts;
}

/** Writes a request or response as the content of a part of type application/http. */
export function writeHttpPart(part: HttpPart): Buffer {
  const lines = Object.entries(part.headers).map(([name, value]) => `${name}: ${value}${CRLF}`);
  return Buffer.concat([Buffer.from(`${part.startLine}${CRLF}${lines.join("")}${CRLF}`), part.body]);
}

/** @throws Error when the content has no start line */
export function readHttpPart(body: Buffer): HttpPart {
  const end = endOfLine(body, 0);
  const startLine = body.toString("utf8", 0, end.at).trim();
  if (startLine === "") throw new Error("A part of type application/http is empty.");
  const { headers, body: content } = readPart(body.subarray(end.next));
  const length = Number(headers["content-length"]);
  // Some gateways count the line end that belongs to the boundary; what is there is all there is.
  const exact = Number.isInteger(length) && length >= 0 && length <= content.length;
  return { startLine, headers, body: exact ? content.subarray(0, length) : content };
}

/** The `boundary` of a Content-Type, unquoted. */
export function boundaryOf(contentType: string | undefined): string | undefined {
  const match = /;\s*boundary=(?:"([^"]{1,70})"|([^;\s]{1,70}))/i.exec(contentType ?? "");
  return match?.[1] ?? match?.[2];
}

function readPart(bytes: Buffer): Part {
  const headers: Record<string, string> = {};
  let at = 0;
  for (let count = 0; at < bytes.length; count++) {
    if (count > MAX_HEADERS) throw new Error(`A part has more than ${MAX_HEADERS} header lines.`);
    const end = endOfLine(bytes, at);
    const line = bytes.toString("utf8", at, end.at);
    at = end.next;
    if (line === "") break;
    const colon = line.indexOf(":");
    if (colon > 0) headers[line.slice(0, colon).trim().toLowerCase()] = line.slice(colon + 1).trim();
  }
  return { headers, body: bytes.subarray(at) };
}

interface Delimiter {
  /** Where the part before it ends: its own line end does not count. */
  start: number;
  /** Where the next part begins. */
  end: number;
  last: boolean;
}

function findDelimiter(body: Buffer, boundary: string, from: number): Delimiter | undefined {
  const mark = Buffer.from(`--${boundary}`);
  for (let at = body.indexOf(mark, from); at !== -1; at = body.indexOf(mark, at + 1)) {
    if (at > 0 && body[at - 1] !== 0x0a) continue;
    const line = endOfLine(body, at + mark.length);
    const rest = body.toString("latin1", at + mark.length, line.at).trimEnd();
    if (rest !== "" && rest !== "--") continue;
    return { start: Math.max(from, startOfLineEnd(body, at)), end: line.next, last: rest === "--" };
  }
  return undefined;
}

/** Index of the line end that comes right before `at`. */
function startOfLineEnd(body: Buffer, at: number): number {
  if (at >= 2 && body[at - 2] === 0x0d) return at - 2;
  return Math.max(0, at - 1);
}

function endOfLine(bytes: Buffer, from: number): { at: number; next: number } {
  const feed = bytes.indexOf(0x0a, from);
  if (feed === -1) return { at: bytes.length, next: bytes.length };
  return { at: feed > from && bytes[feed - 1] === 0x0d ? feed - 1 : feed, next: feed + 1 };
}
