import { type ErrorCode, LineshaftError, Secret, errorCodes } from "@lineshaft/core";

/** How an error is shown: what was tried, what the other side said, the next step, the code. */
export interface ToldError {
  code: ErrorCode | "unexpected";
  message: string;
  said?: string;
  next: string;
}

/** Known also by its shape, because a project may bring a copy of the packages of its own. */
export function codeOf(error: unknown): ErrorCode | undefined {
  if (error instanceof LineshaftError) return error.code;
  if (!(error instanceof Error) || !("code" in error) || !("next" in error)) return undefined;
  return typeof error.code === "string" && error.code in errorCodes ? (error.code as ErrorCode) : undefined;
}

export function tell(error: unknown): ToldError {
  const code = codeOf(error);
  const message = Secret.mask(error instanceof Error ? error.message : String(error));
  if (code === undefined)
    return {
      code: "unexpected",
      message,
      next: "Run it again with --debug for the details, and report it if it stays.",
    };
  const { next, said } = error as LineshaftError;
  return { code, message, ...(said === undefined ? {} : { said: Secret.mask(said) }), next: Secret.mask(next) };
}
