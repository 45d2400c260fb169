import type { SystemDefinition } from "@lineshaft/core";
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
      const url = new URL(options.url);
      if (options.password && !url.protocol.endsWith("s:") && !isLoopback(url.hostname)) {
        context.log.warn(`The password for ${url.host} crosses the network unencrypted. Use mqtts:// or wss://.`);
      }
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

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "[::1]" || host.startsWith("127.");
}
