import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { type Clock, type Log, explain } from "@lineshaft/core";
import { writeWhole } from "./authority.ts";
import type { Link } from "./link.ts";
import { commonName } from "./peer.ts";
import { type Enrolled, RENEW_PATH } from "./wire.ts";

/** How often it is looked at how long the certificate still holds, in ms. */
const LOOK_MS = 3_600_000;
/** Longest wait for the hub's answer, in ms. */
const RENEW_MS = 30_000;

interface RenewalOptions {
  /** The certificate's file. */
  path: string;
  gateway: string;
  link: Link;
  clock: Clock;
  log: Log;
}

/** Has the gateway's certificate made anew, over the link that it opens, when a third of its time is left. */
export async function keepRenewed(options: RenewalOptions, signal: AbortSignal): Promise<void> {
  const { clock, log, path } = options;
  while (!signal.aborted) {
    try {
      if (isDue(readFileSync(path, "utf8"), clock.now())) await renew(options, signal);
    } catch (error) {
      if (!signal.aborted)
        log.warn("the gateway's certificate could not be renewed; it is tried again", { why: explain(error) });
    }
    // Aborted means stopped, which the loop's condition sees.
    await clock.sleep(LOOK_MS, signal).catch(() => undefined);
  }
}

function isDue(pem: string, now: number): boolean {
  const { validFromDate, validToDate } = new X509Certificate(pem);
  return validToDate.getTime() - now < (validToDate.getTime() - validFromDate.getTime()) / 3;
}

async function renew({ path, gateway, link, log }: RenewalOptions, signal: AbortSignal): Promise<void> {
  const { body } = await link.send({ method: "POST", path: RENEW_PATH, limitMs: RENEW_MS }, signal);
  const answer = body as Enrolled | { kind: string; message?: string };
  if (!("certificate" in answer)) throw new Error(answer.message ?? "The hub makes no certificates.");
  const certificate = new X509Certificate(answer.certificate);
  if (commonName(certificate) !== gateway || !certificate.checkPrivateKey(link.key))
    throw new Error("The hub sent a certificate that is not this gateway's.");
  writeWhole(path, answer.certificate);
  link.reset();
  log.info("the gateway's certificate was renewed", { validTo: certificate.validTo });
}
