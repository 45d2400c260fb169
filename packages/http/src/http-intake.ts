import type { SystemDefinition } from "@lineshaft/core";
import { checkHttpOptions } from "./options.ts";
import type { HttpIntakeOptions } from "./options.ts";
import { HttpSource } from "./source.ts";

/**
 * Takes facts over HTTP, alone or in batches, and answers each when it is on disk. Its source is named `intake`.
 *
 * @throws LineshaftError `config-invalid`, also for a server that strangers could reach without TLS or without a key
 */
export function httpIntake(options: HttpIntakeOptions): SystemDefinition {
  checkHttpOptions(options);
  return {
    name: options.name,
    connector: "http",
    sources: ["intake"],
    async open(context) {
      const source = new HttpSource(options, context);
      return { targets: {}, sources: { intake: source }, check: () => source.check(), close: async () => {} };
    },
  };
}
