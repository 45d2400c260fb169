import { RejectedError, UnavailableError, UncertainError } from "@lineshaft/core";
import { readSapError, showMessage } from "./sap-message.ts";
import type { SapError } from "./sap-message.ts";

/** What was asked, for sentences. */
export interface Asked {
  /** Name of the system. */
  system: string;
  /** `confirmation of order 1000001, operation 0010`. */
  action: string;
  /** Codes of messages, besides `lockCodes`, with which this SAP says that somebody else has the object open. */
  lockCodes?: ReadonlySet<string>;
  /** ms since 1970, to read a Retry-After that is a date. */
  now?: number;
}

export interface Answered {
  status: number;
  headers: Readonly<Record<string, string>>;
  body: Buffer;
}

/**
 * Messages by which SAP says that somebody else has an object open; it passes by itself. M3: material, its plant and
 * valuation data. MC: any object. CO: order in process. ME: purchase order in process. A system's own go in the options.
 */
const lockCodes: ReadonlySet<string> = new Set(["M3/022", "M3/023", "M3/024", "MC/601", "CO/469", "ME/006"]);

/** SAP Gateway: the RequestID is known, but its answer has been cleaned up. It was processed. */
const REQUEST_OUTDATED = "/IWBEP/CM_COS/005";
/** SAP Gateway: a RequestID came, and the framework that would keep it is not set up. */
const REPEATABILITY_MISSING = "/IWBEP/CM_COS/001";
/** SAP Gateway: no such service is activated. */
const SERVICE_MISSING = new Set(["/IWFND/MED/170", "/IWFND/MAED/170", "/IWFND/CM_V4_COS/021"]);

/** What an answer means when it is not a success, as one of core's errors; undefined for 2xx. */
export function refusalOf(
  answer: Answered,
  asked: Asked,
): RejectedError | UnavailableError | UncertainError | undefined {
  if (answer.status >= 200 && answer.status < 300) return undefined;
  const error = readSapError(answer.body);
  const said = error ? sayError(error) : sayStatus(answer);
  return byCode(error, said, asked) ?? byStatus(answer, error, said, asked);
}

/** Whether SAP refused a write for its RequestID alone, before doing anything. */
export function refusesRepeatability(answer: Answered): boolean {
  if (answer.status < 400) return false;
  if (answer.headers["repeatabilityresult"]?.toLowerCase() === "unsupported") return true;
  const error = readSapError(answer.body);
  return error !== undefined && codesOf(error).includes(REPEATABILITY_MISSING);
}

/** What holds whatever the status is. */
function byCode(
  error: SapError | undefined,
  said: string,
  asked: Asked,
): UnavailableError | UncertainError | undefined {
  if (!error) return undefined;
  const codes = codesOf(error);
  if (codes.includes(REQUEST_OUTDATED)) {
    const message = `${asked.system} has processed the ${asked.action} before, too long ago to repeat its answer.`;
    return new UncertainError(message, { said, next: "The hub looks it up." });
  }
  if (codes.some((code) => SERVICE_MISSING.has(code))) {
    return new UnavailableError(`${asked.system} does not offer the service for the ${asked.action}.`, {
      said,
      next: "Activate the service in SAP (transaction /IWFND/MAINT_SERVICE).",
    });
  }
  if (codes.some((code) => lockCodes.has(code) || asked.lockCodes?.has(code)) || saysLocked(error)) {
    return locked(said, asked);
  }
  return undefined;
}

function codesOf(error: SapError): string[] {
  return [error.code, ...error.details.map((detail) => detail.code)].map((code) => normalCode(code));
}

function byStatus(answer: Answered, error: SapError | undefined, said: string, asked: Asked) {
  const { system, action } = asked;
  const retryAfterMs = readRetryAfter(answer.headers["retry-after"], asked.now);
  const wait = retryAfterMs === undefined ? {} : { retryAfterMs };
  switch (answer.status) {
    case 401:
      return new UnavailableError(`${system} does not let the hub's user in.`, {
        said,
        next: "Check the user and its password's secret, and that the user is neither locked nor expired (SU01).",
      });
    case 403:
      return new UnavailableError(`${system} does not allow the hub's user the ${action}.`, {
        said,
        next: "Give the user's role the service and the authorizations listed in the connector's documentation (SU53).",
      });
    case 423:
      return locked(said, asked);
    case 429:
      return new UnavailableError(`${system} asks the hub to send less.`, {
        said,
        next: "Lower the system's limits if this goes on.",
        ...wait,
      });
    case 503:
      return new UnavailableError(`${system} is out of service at the moment.`, {
        said,
        next: "Wait until SAP is up again.",
        ...wait,
      });
    case 412:
    case 428:
      return new UnavailableError(`The object of the ${action} was changed in ${system} meanwhile.`, {
        said,
        next: "The hub reads it anew and tries again.",
      });
    default:
      return byRange(answer.status, error, said, asked);
  }
}

function byRange(status: number, error: SapError | undefined, said: string, { system, action }: Asked) {
  if (status >= 300 && status < 400) {
    return new UnavailableError(`${system} leads the ${action} elsewhere (status ${status}).`, {
      said,
      next: "Give the address of SAP itself, and let the user sign in by name and password there.",
    });
  }
  if (status >= 400 && status < 500 && status !== 408) {
    if (error) return rejected(error, said, { system, action });
    // No word from the service: a proxy or SAP's internet server does not know the path, whatever the item says.
    return new UnavailableError(`${system} does not know how to take the ${action} (status ${status}).`, {
      said,
      next: "Check the url, and that the service is active (SICF, /IWFND/MAINT_SERVICE).",
    });
  }
  return new UncertainError(`${system} broke off the ${action} with status ${status}.`, {
    said,
    next: "The hub looks up whether SAP has posted it.",
  });
}

function rejected(error: SapError, said: string, { system, action }: Asked): RejectedError {
  const code = error.code === "" ? (error.details[0]?.code ?? "") : error.code;
  const word = normalCode(code)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "");
  return new RejectedError(`${system} refused the ${action}: ${said}`.replace(/\.?$/, "."), {
    reason: word === "" ? "sap-refused" : `sap-${word}`,
    said,
    next: "Correct what SAP names, in SAP or in the message, then resend.",
  });
}

function locked(said: string, { system, action }: Asked): UnavailableError {
  return new UnavailableError(`Somebody has what the ${action} needs open in ${system}.`, {
    said,
    next: "Close the transaction in SAP (SM12 shows who holds it).",
  });
}

/**
 * A seconds count, or an HTTP date.
 * @returns ms, undefined when there is none
 */
export function readRetryAfter(value: string | undefined, now = 0): number | undefined {
  if (value === undefined || value === "") return undefined;
  if (/^\d{1,7}$/.test(value)) return Number(value) * 1000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}

/** Gateway writes `M7/021`, some services `M7021` or `M7(021)`; the number has three digits. */
function normalCode(code: string): string {
  const match = /^(.+?)[\s/(]*(\d{3})\)?$/.exec(code);
  return match ? `${match[1]}/${match[2]}` : code;
}

/** For locks whose code is not known: the hub asks for messages in its own language, English unless configured. */
function saysLocked(error: SapError): boolean {
  const texts = [error.text, ...error.details.map((detail) => detail.text)];
  return texts.some((text) => /\b(locked|being processed|being edited) by\b/i.test(text));
}

function sayError(error: SapError): string {
  const details = error.details.filter((detail) => detail.severity === "error" && detail.text !== error.text);
  return [error, ...details].map((message) => showMessage(message)).join("; ");
}

function sayStatus(answer: Answered): string {
  const text = answer.body
    .toString("utf8", 0, 2_000)
    .replaceAll(/<[^>]*>/g, " ")
    .replaceAll(/\s+/g, " ")
    .trim();
  return `status ${answer.status}${text === "" ? "" : `: ${text.slice(0, 200)}`}`;
}
