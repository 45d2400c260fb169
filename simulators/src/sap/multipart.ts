/** One part of a multipart body. */
export interface Part {
  headers: Map<string, string>;
  body: string;
}

/**
 * Reads multipart/mixed as SAP Gateway does: lines end in CRLF, each part has headers, a blank line and a body.
 * @returns undefined when the body does not begin and end with the boundary
 */
export function parseParts(body: string, boundary: string): Part[] | undefined {
  const pieces = `\r\n${body}`.split(`\r\n--${boundary}`);
  const [preamble, ...rest] = pieces;
  const closing = rest.pop();
  if (preamble === undefined || closing === undefined || !closing.startsWith("--")) return undefined;
  return rest.map((piece) => parsePart(piece.replace(/^[ \t]*\r\n/, "")));
}

export function parsePart(text: string): Part {
  const end = text.indexOf("\r\n\r\n");
  const [head, body] = text.startsWith("\r\n")
    ? ["", text.slice(2)]
    : end === -1
      ? [text, ""]
      : [text.slice(0, end), text.slice(end + 4)];
  const headers = new Map<string, string>();
  for (const line of head.split("\r\n")) {
    const colon = line.indexOf(":");
    if (colon > 0) headers.set(line.slice(0, colon).toLowerCase().trim(), line.slice(colon + 1).trim());
  }
  return { headers, body };
}

export function boundaryIn(contentType: string | undefined): string | undefined {
  return /boundary="?([^";]+)"?/i.exec(contentType ?? "")?.[1];
}
