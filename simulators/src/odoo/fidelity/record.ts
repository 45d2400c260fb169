import { writeFileSync } from "node:fs";
import { connect, versionOf } from "./client.ts";
import { peersFromEnvironment } from "./peers.ts";
import { scripts } from "./scripts.ts";
import { World } from "./world.ts";

/**
 * Records what a real server tells, as the truth the simulator is held to:
 * `LINESHAFT_ODOO_URL=… node --conditions=lineshaft:source src/odoo/fidelity/record.ts`, see `peers.ts` for the rest.
 */
const peers = peersFromEnvironment();
if (typeof peers === "string") throw new Error(peers);
const version = await versionOf(peers.hub.url);
const world = new World(await connect(peers.admin, version), await connect(peers.hub, version), `T${Date.now()}`);
const told: Record<string, unknown> = {};
for (const [name, script] of Object.entries(scripts)) {
  process.stdout.write(`${version} ${name}\n`);
  told[name] = await script(world);
}
writeFileSync(new URL(`recorded-${version}.json`, import.meta.url), `${JSON.stringify(told, undefined, 2)}\n`);
