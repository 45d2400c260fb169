import { LineshaftError } from "@lineshaft/core";
import type { System, SystemContext } from "@lineshaft/core";
import type { S4Options } from "./s4.ts";

export function openS4System(options: S4Options, _context: SystemContext): Promise<System> {
  return Promise.reject(
    new LineshaftError("system-unfit", `The connector for ${options.name} cannot be opened yet.`, {
      next: "Update Lineshaft.",
    }),
  );
}
