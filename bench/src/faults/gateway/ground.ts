import { generateKeyPairSync } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "@lineshaft/core";
import { Authority, type GatewayIntake, gatewayIntake } from "@lineshaft/gateway";
import { openSqliteLedger } from "@lineshaft/ledger-sqlite";
import { declareCrew } from "./crew.ts";

export const GATEWAY = "hall-2";

/** Folders of one round, with the certificates of both ends. */
export class Ground {
  readonly authority: string;
  /** What the gateway keeps. */
  readonly plant: string;
  readonly ledger: string;
  readonly #authority: Authority;
  #line = "first";

  /** `names`: what the gateway may call the hub by. */
  constructor(folder: string, names: readonly string[]) {
    this.authority = join(folder, "authority");
    this.plant = join(folder, "plant");
    this.ledger = join(folder, "ledger.db");
    this.#authority = new Authority(this.authority);
    this.#authority.prepare(names);
    mkdirSync(this.plant, { recursive: true });
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const files = {
      "gateway.key": privateKey.export({ type: "pkcs8", format: "pem" }),
      "gateway.pem": this.#authority.issue(GATEWAY, publicKey),
      "ca.pem": this.#authority.certificate,
      "configuration.pem": this.#authority.configurationKey,
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(this.plant, name), text, { mode: 0o600 });
  }

  get buffer(): string {
    return join(this.plant, "buffer.db");
  }

  get configuration(): string {
    return join(this.plant, "configuration.json");
  }

  /** Publishes beside a hub that runs or does not, and gives the version. */
  async publish(line: string, version?: number): Promise<number> {
    this.#line = line;
    const ledger = await openSqliteLedger({ path: this.ledger });
    try {
      const key = this.#authority.signingKey;
      const options = { gateway: GATEWAY, key, now: systemClock.now(), who: "campaign", why: "next line" };
      const published = await this.intake().publish(ledger, version === undefined ? options : { ...options, version });
      return published.version;
    } finally {
      await ledger.close();
    }
  }

  /** As the hub's project declares it, to publish for it and to read what it knows. */
  intake(): GatewayIntake {
    const gateways = [{ name: GATEWAY, configuration: declareCrew(this.#line) }];
    return gatewayIntake({ name: "gateways", port: 0, authority: this.authority, gateways });
  }
}
