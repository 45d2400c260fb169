import { RejectedError, UnavailableError, UncertainError } from "@lineshaft/core";
import type { HttpAnswer } from "./http.ts";

/** What Odoo said instead of a result: the exception's qualified name and its message; never its traceback. */
export interface OdooFault {
  name: string;
  message: string;
}

/** Longest message taken over from Odoo, in characters. */
const SAID_CHARS = 1_000;

/** Odoo ran the transaction up to five times and rolled it back; another try may go through. */
const RETRY =
  /(SerializationFailure|TransactionRollbackError|DeadlockDetected|LockNotAvailable|QueryCanceled|PoolError|ConcurrencyError|TooManyConnections)$/;
/** The data will never be accepted as it is; the transaction was rolled back. */
const PERMANENT =
  /^(odoo\.exceptions\.(UserError|ValidationError|AccessError|MissingError|RedirectWarning)|builtins\.|psycopg2\.(errors\.)?(UniqueViolation|NotNullViolation|ForeignKeyViolation|CheckViolation|ExclusionViolation|IntegrityError|DataError|InvalidTextRepresentation|NumericValueOutOfRange|StringDataRightTruncation|InvalidDatetimeFormat|UndefinedColumn|ProgrammingError)|werkzeug\.exceptions\.(BadRequest|NotFound|UnprocessableEntity|UnsupportedMediaType|RequestEntityTooLarge))/;
const SIGN_IN = /(AccessDenied|Unauthorized|SessionExpired\w*)$/;

/**
 * The error for a fault that Odoo named.
 *
 * @param what the call, for people: `run on ir.actions.server`
 */
export function faultError(what: string, fault: OdooFault): Error {
  const said = shorten(fault.message === "" ? fault.name : fault.message);
  if (SIGN_IN.test(fault.name)) {
    return new UnavailableError(`Odoo did not let the hub in for ${what}.`, {
      said,
      next: "Check login, API key and database in the configuration; the key may have expired.",
    });
  }
  if (RETRY.test(fault.name)) {
    return new UnavailableError(`Odoo gave up ${what} because other work held the same records.`, {
      said,
      next: "It is sent again by itself; if this happens often, let fewer users post the same stock at once.",
    });
  }
  if (PERMANENT.test(fault.name)) {
    return new RejectedError(`Odoo refused ${what}.`, {
      reason: reasonOf(fault.name),
      said,
      next: "Correct what Odoo names, in Odoo or in the message, then resend.",
    });
  }
  return new UncertainError(`Odoo failed at ${what} with ${fault.name}.`, {
    said,
    next: "Read Odoo's log at this time; the hub looks whether the effect stands before it goes on.",
  });
}

/** The error for an answer that is none of Odoo's: a proxy's page, a redirect, a missing database. */
export function statusError(what: string, answer: HttpAnswer): Error {
  const said = shorten(`HTTP ${answer.status} ${plain(answer.text)}`);
  const retry = answer.retryAfterMs !== undefined && { retryAfterMs: answer.retryAfterMs };
  switch (answer.status) {
    case 429:
    case 503:
      return new UnavailableError(`Odoo or the proxy before it has no room for ${what} now.`, {
        said,
        next: "It is sent again by itself.",
        ...retry,
      });
    case 401:
    case 403:
      return new UnavailableError(`Odoo or the proxy before it did not let the hub in for ${what}.`, {
        said,
        next: "Check the API key and the proxy's rules.",
      });
    case 404:
      return new UnavailableError(`There is no Odoo with this database at the address of ${what}.`, {
        said,
        next: "Check url and database in the configuration.",
      });
    case 413:
      return new RejectedError(`The proxy before Odoo refused ${what} as too large.`, {
        reason: "body-too-large",
        said,
        next: "Raise the proxy's body limit (nginx: client_max_body_size), then resend.",
      });
    default:
      if (answer.status >= 300 && answer.status < 400) {
        return new UnavailableError(`The address of Odoo leads elsewhere for ${what}.`, {
          said,
          next: "Put the final address, usually with https, into the configuration.",
        });
      }
      return new UncertainError(`Odoo or the proxy before it failed at ${what}.`, {
        said,
        next: "Read the logs of both at this time; the hub looks whether the effect stands before it goes on.",
      });
  }
}

/** A failure of a call that changes nothing: whatever it was, the call may simply be made again. */
export function readError(error: unknown): unknown {
  if (!(error instanceof UncertainError)) return error;
  const { message, next, said } = error;
  return new UnavailableError(message, { next, ...(said !== undefined && { said }), cause: error });
}

function reasonOf(name: string): string {
  if (name.endsWith("AccessError")) return "not-allowed";
  if (name.endsWith("MissingError")) return "record-gone";
  return name.startsWith("odoo.exceptions.") ? "odoo-refused" : "odoo-failed";
}

function shorten(text: string): string {
  return text.length <= SAID_CHARS ? text : `${text.slice(0, SAID_CHARS)}…`;
}

function plain(html: string): string {
  return html
    .slice(0, 4 * SAID_CHARS)
    .replace(/<[^>]*>/g, " ")
    .replace(/\s+/g, " ")
    .trim()
    .slice(0, 200);
}
