import type { SystemDefinition } from "@lineshaft/core";
import { warnOfClearPassword } from "./clear-password.ts";
import { checkMqttOptions } from "./options.ts";
import type { MqttOptions } from "./options.ts";
import { MqttSource } from "./source.ts";

/**
 * An MQTT broker as a source of facts, by MQTT 5 or 3.1.1. Its source is named `intake`.
 *
 * A message of QoS 1 is acknowledged when it is on disk here; the broker keeps it until then, through restarts of the
 * hub. Refused facts and duplicates are acknowledged too: they are kept as evidence.
 *
 * @throws LineshaftError `config-invalid`
 */
export function mqtt(options: MqttOptions): SystemDefinition {
  checkMqttOptions(options);
  return {
    name: options.name,
    connector: "mqtt",
    sources: ["intake"],
    async open(context) {
      warnOfClearPassword(options, context.log);
      const source = new MqttSource(options, context);
      return {
        targets: {},
        sources: { intake: source },
        check: (signal) => source.check(signal),
        close: async () => {},
      };
    },
  };
}
