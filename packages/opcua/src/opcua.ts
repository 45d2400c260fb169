import { silentLog } from "@lineshaft/core";
import type { Log, SystemDefinition } from "@lineshaft/core";
import { OPCUA_LIMITS, SOURCE, checkOpcUaOptions, pkiFolder } from "./options.ts";
import type { OpcUaOptions } from "./options.ts";
import { PkiFolder } from "./pki-folder.ts";
import type { Listing } from "./protocol.ts";
import { OpcUaTagSource, connectionOf } from "./tag-source.ts";
import { perform } from "./worker.ts";

/** An OPC UA server as configured, with what its commands need. */
export interface OpcUa extends SystemDefinition {
  readonly endpoint: string;
  readonly pki: PkiFolder;
  /** What stands under a path of names or a node id, as the server shows it to the hub. @throws UnavailableError */
  browse(path: string): Promise<Listing>;
}

/**
 * An OPC UA server as a source of facts. Its source is named `tags`. It only reads: there is no operation, and no way to
 * write a value or to call a method.
 *
 * The client runs in a process of its own. Whatever may have been missed, by a break, a full queue or a crash, is read from
 * the server's history or recorded as a gap.
 *
 * @throws LineshaftError `config-invalid`
 */
export function opcua(options: OpcUaOptions): OpcUa {
  checkOpcUaOptions(options);
  return {
    ...opcuaServer(options),
    name: options.name,
    connector: "opcua",
    sources: [SOURCE],
    async open(context) {
      const { security, identity, endpoint } = options;
      if (security?.mode === "None" && identity !== undefined)
        context.log.warn(`The identity for ${endpoint} is not protected by the channel. Use Sign or SignAndEncrypt.`);
      const tags = new OpcUaTagSource(options, context);
      return {
        targets: {},
        sources: { [SOURCE]: options.facts(tags) },
        check: (signal) => tags.check(signal),
        close: async () => {},
      };
    },
  };
}

/** A server that is in no configuration yet, to look into. */
export function opcuaServer(
  options: Omit<OpcUaOptions, "facts">,
  log: Log = silentLog,
): Pick<OpcUa, "endpoint" | "pki" | "browse"> {
  const memoryMb = options.limits?.memoryMb ?? OPCUA_LIMITS.memoryMb;
  return {
    endpoint: options.endpoint,
    pki: new PkiFolder(pkiFolder(options)),
    async browse(path) {
      const task = { kind: "browse" as const, connection: connectionOf(options), path };
      return (await perform(task, "browsed", { log, memoryMb })).listing;
    },
  };
}
