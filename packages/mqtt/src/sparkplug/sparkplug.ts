import type { SystemDefinition } from "@lineshaft/core";
import { warnOfClearPassword } from "../clear-password.ts";
import { checkSparkplugOptions } from "./options.ts";
import type { SparkplugOptions } from "./options.ts";
import { SparkplugSource } from "./source.ts";

/**
 * The edge nodes of an MQTT broker, followed by a Sparkplug B host application (Sparkplug 3.0). Its source, named
 * `intake`, is what `facts` makes of the tags.
 *
 * It writes nothing to any device: besides its own STATE it publishes requests for a rebirth, and cannot publish more.
 *
 * @throws LineshaftError `config-invalid`
 */
export function sparkplug(options: SparkplugOptions): SystemDefinition {
  checkSparkplugOptions(options);
  return {
    name: options.name,
    connector: "sparkplug",
    sources: ["intake"],
    async open(context) {
      warnOfClearPassword(options, context.log);
      const source = new SparkplugSource(options, context);
      return {
        targets: {},
        sources: { intake: options.facts(source) },
        check: (signal) => source.check(signal),
        close: async () => {},
      };
    },
  };
}
