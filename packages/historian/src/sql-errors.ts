import { LineshaftError, RejectedError, UnavailableError, UncertainError } from "@lineshaft/core";

/** Classes of SQLSTATE that a row will always meet: data exceptions, broken constraints, a column's type. */
const refusedClasses = ["22", "23"];
const refusedStates = ["42804", "42846", "42883"];
/** Serialization, deadlock, lock not to be had, too many connections, out of resources, shutting down. */
const laterStates = ["40001", "40P01", "55P03", "53", "57P01", "57P02", "57P03", "57014"];

/** What PostgreSQL's error means for a write. `sent`: something that changes data may have got through. */
export function sqlError(name: string, error: unknown, sent: boolean): LineshaftError {
  if (error instanceof LineshaftError) return error;
  const said = error instanceof Error ? error.message : String(error);
  const state = stateOf(error);
  if (state !== undefined && (refusedClasses.some((each) => state.startsWith(each)) || refusedStates.includes(state)))
    return new RejectedError(`SQL historian ${name} refused the point.`, {
      reason: "row-refused",
      said,
      next: "Give the field the type of its column, or correct the value; then resend.",
      cause: error,
    });
  if (state !== undefined && laterStates.some((each) => state.startsWith(each)))
    return new UnavailableError(`SQL historian ${name} has no time.`, {
      said,
      next: "It is tried again.",
      cause: error,
    });
  if (state !== undefined)
    return new UnavailableError(`SQL historian ${name} cannot be used as it is.`, {
      said,
      next: nextOf(state),
      cause: error,
    });
  if (!sent)
    return new UnavailableError(`Cannot reach SQL historian ${name}.`, {
      said,
      next: "Start PostgreSQL, or correct its URL and password.",
      cause: error,
    });
  return new UncertainError(`SQL historian ${name} gave no answer.`, {
    said,
    next: "It is written again: the same points overwrite themselves.",
    cause: error,
  });
}

function nextOf(state: string): string {
  if (state === "42P10")
    return "Make time, series and tags unique together: a primary key or a unique index over their columns.";
  if (state === "42P01" || state === "42703" || state === "3F000")
    return "Create the table and its columns, or correct their names.";
  if (state === "42501") return "Grant the hub's user select, insert and update on the table.";
  if (state.startsWith("28")) return "Correct the user and its password, or what the server lets it in by.";
  if (state === "3D000") return "Create the database, or correct its name in the URL.";
  return "Look at what it said.";
}

function stateOf(error: unknown): string | undefined {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  return typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) && "severity" in (error as object) ? code : undefined;
}
