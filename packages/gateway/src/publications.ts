import type { Clock, Intake } from "@lineshaft/core";
import { PUBLICATION_LOOK_MS } from "./limits.ts";
import { type SignedPublication, publicationOf, publicationsName, readPublications } from "./publication.ts";

/** What was published for gateways, as a hub's worker reads it from the ledger. */
export class Publications {
  readonly #intake: Pick<Intake, "loadCursor">;
  readonly #clock: Clock;
  readonly #looked = new Map<string, { at: number; serial: number | undefined }>();

  constructor(intake: Pick<Intake, "loadCursor">, clock: Clock) {
    this.#intake = intake;
    this.#clock = clock;
  }

  async newest(gateway: string): Promise<SignedPublication | undefined> {
    return readPublications(await this.#intake.loadCursor(publicationsName(gateway)))[0];
  }

  /** Serial of the newest one, as it was a moment ago at most. */
  async wanted(gateway: string): Promise<number | undefined> {
    const now = this.#clock.now();
    const looked = this.#looked.get(gateway);
    if (looked !== undefined && now - looked.at < PUBLICATION_LOOK_MS && now >= looked.at) return looked.serial;
    const newest = await this.newest(gateway);
    const serial = newest === undefined ? undefined : publicationOf(newest).serial;
    this.#looked.set(gateway, { at: now, serial });
    return serial;
  }
}
