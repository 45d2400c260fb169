import type { Env } from "../env.ts";
import { userError } from "../errors.ts";

export function runOperations(_env: Env, _action: { protocol: number; hash: string }): unknown {
  throw userError("not yet");
}
