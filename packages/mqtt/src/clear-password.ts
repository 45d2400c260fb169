import type { Log } from "@lineshaft/core";
import type { MqttOptions } from "./options.ts";

export function warnOfClearPassword({ url, password }: Pick<MqttOptions, "url" | "password">, log: Log): void {
  const { protocol, hostname, host } = new URL(url);
  if (!password || protocol.endsWith("s:") || isLoopback(hostname)) return;
  log.warn(`The password for ${host} crosses the network unencrypted. Use mqtts:// or wss://.`);
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "[::1]" || host.startsWith("127.");
}
