import { Secret, type SystemDefinition } from "@lineshaft/core";
import { type Odoo, type OdooOptions, odoo } from "@lineshaft/odoo";
import { type S4, type S4Options, s4 } from "@lineshaft/sap";
import type { OdooAccess, SapAccess } from "./simulators-protocol.ts";

/** The Odoo of a bench, as its hub has it. */
export function odooSystem(access: Omit<OdooAccess, "controlUrl">, more: Partial<OdooOptions> = {}): Odoo {
  const { url, database, login, key } = access;
  return withoutSources(
    odoo({ name: "odoo", url, database, login, key: Secret.generated("bench: key for Odoo", key), ...more }),
  );
}

/** The SAP of a bench, as its hub has it. */
export function sapSystem({ url, username, password }: SapAccess, more: Partial<S4Options> = {}): S4 {
  const secret = Secret.generated("bench: password for SAP", password);
  return withoutSources(s4({ name: "s4", url, username, password: secret, zone: "Europe/Berlin", ...more }));
}

/** Polling the system for changes is no part of what is measured or tried. */
function withoutSources<S extends SystemDefinition>(definition: S): S {
  const opens = definition.open.bind(definition);
  const open: SystemDefinition["open"] = async (context) => {
    const system = await opens(context);
    return {
      targets: system.targets,
      sources: {},
      check: (signal) => system.check(signal),
      close: () => system.close(),
    };
  };
  return Object.assign(definition, { open });
}
