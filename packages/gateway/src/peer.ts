import type { IncomingMessage } from "node:http";
import type { TLSSocket } from "node:tls";
import type { KeyObject, X509Certificate } from "node:crypto";
import type { GatewayPeer } from "./hub-options.ts";
import { iso } from "./gap.ts";

/** Who is at the other end, by its certificate; or why it is let in nowhere. */
export type Peer =
  | { ok: true; name: string; key: KeyObject; validTo: number }
  | {
      ok: false;
      reason: string;
      message: string;
      next: string;
      /** Whose certificate it is, where an authority that is trusted says so. */
      name?: string;
    };

export function peerOf(request: IncomingMessage, gateways: readonly GatewayPeer[], now: number): Peer {
  const socket = request.socket as TLSSocket;
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined)
    return no(
      "no-certificate",
      "The gateway showed no certificate.",
      "Enrol the gateway, and start it with its certificate.",
    );
  const name = commonName(certificate);
  // A connection outlives a certificate, so its end is looked at with each request.
  const validTo = certificate.validToDate.getTime();
  const vouched = socket.authorized || String(socket.authorizationError) === "CERT_HAS_EXPIRED";
  const named = vouched && gateways.some((gateway) => gateway.name === name) ? { name } : {};
  if (validTo < now)
    return {
      ...no(
        "certificate-expired",
        `The certificate of ${name} expired on ${iso(validTo)}.`,
        "Enrol the gateway again.",
      ),
      ...named,
    };
  if (!socket.authorized)
    return no(
      "certificate-untrusted",
      `The certificate of ${name} is not trusted (${String(socket.authorizationError)}).`,
      "Give the gateway a certificate of the hub's own authority.",
    );
  const known = gateways.find((gateway) => gateway.name === name);
  if (known === undefined)
    return no(
      "unknown-gateway",
      `This hub knows no gateway ${name}.`,
      "Add it to `gateways` in the hub's configuration.",
    );
  if (known.fingerprint !== undefined && !sameFingerprint(known.fingerprint, certificate.fingerprint256))
    return {
      ...no(
        "other-certificate",
        `${name} has another certificate than the one that is pinned.`,
        "Correct `fingerprint` in the hub's configuration, if the certificate was replaced on purpose.",
      ),
      ...named,
    };
  return { ok: true, name, key: certificate.publicKey, validTo };
}

export function commonName(certificate: X509Certificate): string {
  return /^CN=(.*)$/m.exec(certificate.subject)?.[1] ?? "";
}

function sameFingerprint(a: string, b: string): boolean {
  const plain = (text: string) => text.replaceAll(":", "").toLowerCase();
  return plain(a) === plain(b);
}

function no(reason: string, message: string, next: string): Peer & { ok: false } {
  return { ok: false, reason, message, next };
}
