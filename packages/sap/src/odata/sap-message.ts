import { fieldOf, parseJson } from "../json.ts";

/** One message of SAP: class and number as `code` (`RU/123`, `M7/021`), with its text. */
export interface SapMessage {
  code: string;
  text: string;
  severity: "success" | "info" | "warning" | "error";
}

/** What an error body says: the message itself and the ones behind it. */
export interface SapError {
  code: string;
  text: string;
  details: SapMessage[];
  /** To find the case in SAP (/IWFND/ERROR_LOG). */
  transaction?: string;
}

/** Most messages read from one body. */
const MAX_MESSAGES = 50;
/** Longest message text kept, in characters. */
const MAX_TEXT = 1_000;

/**
 * Reads an OData V2 error body, JSON (`error.message.value`, `error.innererror.errordetails`) or XML.
 * @returns undefined when the body is none
 */
export function readSapError(body: Buffer): SapError | undefined {
  const text = body.toString("utf8");
  if (text.trimStart().startsWith("<")) return readXmlError(text);
  const error = fieldOf(parse(text), "error");
  const code = fieldOf(error, "code");
  if (typeof code !== "string") return undefined;
  const inner = fieldOf(error, "innererror");
  const details = fieldOf(inner, "errordetails");
  const transaction = fieldOf(inner, "transactionid");
  return {
    code,
    text: cut(fieldOf(fieldOf(error, "message"), "value") ?? fieldOf(error, "message")),
    details: Array.isArray(details) ? details.slice(0, MAX_MESSAGES).map((detail) => readDetail(detail)) : [],
    ...(typeof transaction === "string" && { transaction }),
  };
}

/** Reads the header `sap-message`, by which SAP tells of warnings although it did what was asked. */
export function readSapMessages(header: string | undefined): SapMessage[] {
  const message = parse(header ?? "");
  if (typeof fieldOf(message, "code") !== "string") return [];
  const details = fieldOf(message, "details");
  const more: unknown[] = Array.isArray(details) ? details : [];
  return [message, ...more].slice(0, MAX_MESSAGES).map((each) => readDetail(each));
}

/** `RU/123 Order 1000001 is locked` for people; the code is what SAP's own staff search by. */
export function showMessage(message: { code: string; text: string }): string {
  return message.code === "" ? message.text : `${message.code} ${message.text}`;
}

function readDetail(detail: unknown): SapMessage {
  const code = fieldOf(detail, "code");
  const severity = fieldOf(detail, "severity");
  return {
    code: typeof code === "string" ? code : "",
    text: cut(fieldOf(detail, "message")),
    severity: severity === "success" || severity === "info" || severity === "warning" ? severity : "error",
  };
}

function readXmlError(xml: string): SapError | undefined {
  if (!/<error[\s>]/.test(xml)) return undefined;
  const code = /<code>([^<]*)<\/code>/.exec(xml)?.[1];
  const text = /<message[^>]*>([^<]*)<\/message>/.exec(xml)?.[1];
  if (code === undefined) return undefined;
  return { code: unescape(code), text: cut(unescape(text ?? "")), details: [] };
}

function unescape(text: string): string {
  const names: Record<string, string> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };
  return text.replace(/&(lt|gt|quot|apos|amp);/g, (_, name: string) => names[name] ?? "");
}

function parse(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    // Not JSON: a login page, a proxy's error page. The caller shows its status instead.
    return undefined;
  }
}

function cut(text: unknown): string {
  return typeof text === "string" ? text.slice(0, MAX_TEXT) : "";
}
