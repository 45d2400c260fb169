import { type KeyObject, randomBytes, sign } from "node:crypto";
import { isIP } from "node:net";
import { bits, der, integer, octets, oid, sequence, set, tagged, time, utf8, yes } from "./der.ts";

export interface CertificateRequest {
  subject: string;
  issuer: string;
  publicKey: KeyObject;
  /** The issuer's; P-256. */
  signingKey: KeyObject;
  from: number;
  to: number;
  use: "authority" | "hub" | "gateway";
  /** Host names and addresses; for a hub. */
  names?: readonly string[];
}

/** A certificate (RFC 5280), as PEM. */
export function issueCertificate(request: CertificateRequest): string {
  const { subject, issuer, publicKey, signingKey, from, to } = request;
  const toBeSigned = sequence(
    tagged(0, integer(Buffer.from([2]))),
    integer(serialNumber()),
    ecdsaWithSha256(),
    nameOf(issuer),
    sequence(time(from), time(to)),
    nameOf(subject),
    publicKey.export({ type: "spki", format: "der" }),
    tagged(3, sequence(...extensionsOf(request))),
  );
  const certificate = sequence(toBeSigned, ecdsaWithSha256(), bits(sign("sha256", toBeSigned, signingKey)));
  const lines = certificate.toString("base64").match(/.{1,64}/g) ?? [];
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}

/** Positive, without leading zeros, and not to be guessed. */
function serialNumber(): Buffer {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes;
}

function ecdsaWithSha256(): Buffer {
  return sequence(oid("1.2.840.10045.4.3.2"));
}

function nameOf(commonName: string): Buffer {
  return sequence(set(sequence(oid("2.5.4.3"), utf8(commonName))));
}

function extensionsOf({ use, names = [] }: CertificateRequest): Buffer[] {
  const critical = (id: string, value: Uint8Array) => sequence(oid(id), yes(), octets(value));
  const authority = use === "authority";
  // digitalSignature is bit 0, keyCertSign bit 5 (RFC 5280 §4.2.1.3).
  const keyUsage = authority ? bits(Buffer.from([0x04]), 2) : bits(Buffer.from([0x80]), 7);
  const purpose = use === "hub" ? "1.3.6.1.5.5.7.3.1" : "1.3.6.1.5.5.7.3.2";
  return [
    critical("2.5.29.19", sequence(...(authority ? [yes()] : []))),
    critical("2.5.29.15", keyUsage),
    ...(authority ? [] : [sequence(oid("2.5.29.37"), octets(sequence(oid(purpose))))]),
    ...(names.length === 0 ? [] : [sequence(oid("2.5.29.17"), octets(sequence(...names.map(generalName))))]),
  ];
}

function generalName(name: string): Buffer {
  if (isIP(name) === 4) return der(0x87, Buffer.from(name.split(".").map(Number)));
  return der(0x82, Buffer.from(name));
}
