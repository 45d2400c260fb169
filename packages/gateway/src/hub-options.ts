import { LineshaftError, type Secret } from "@lineshaft/core";
import { type DeclaredConfiguration, findingsText } from "./configuration.ts";

/** How gateways are taken in by a hub. See docs/operating/gateway.md. */
export interface GatewayIntakeOptions {
  /** Unique within the hub; becomes the source of the messages. */
  name: string;
  /** 0 takes a free one; `onListening` tells which. */
  port: number;
  /** Default 0.0.0.0: gateways are elsewhere. Only certificates open anything. */
  host?: string;
  /** Certificates of one's own authority. */
  tls?: HubTls;
  /** Or the folder of the hub's own small authority, which enrols gateways by one-time codes: `lineshaft gateway code`. */
  authority?: string;
  /** Which gateways may come; whoever is not named is refused, whatever its certificate says. */
  gateways: readonly GatewayPeer[];
  onListening?(url: string): void;
}

export interface GatewayPeer {
  /** The common name in its certificate. Letters, digits, `.`, `_`, `-`. */
  name: string;
  /** SHA-256 fingerprint, when only this one certificate is taken. */
  fingerprint?: string;
  /** What it shall run: a configuration type's `of`. `lineshaft gateway publish` signs it and sends it on its way. */
  configuration?: DeclaredConfiguration;
}

/** PEM, as a path or a secret. Read when the source starts. */
export interface HubTls {
  cert: string | Secret;
  key: Secret;
  /** The authority of the gateways' certificates. */
  gatewayCa: string | Secret;
}

/** @throws LineshaftError `config-invalid`, naming the option */
export function checkGatewayOptions({ name, port, gateways, tls, authority }: GatewayIntakeOptions): void {
  const wrong = (message: string, next: string): never => {
    throw new LineshaftError("config-invalid", `Gateway intake ${name} ${message}.`, { next });
  };
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    wrong(`has port ${port}`, "Take 1 to 65535, or 0 for a free one.");
  if ((tls === undefined) === (authority === undefined))
    wrong("has no certificates, or two kinds of them", "Give either `tls` or `authority`.");
  if (gateways.length === 0) wrong("takes no gateway", "List the gateways that may come.");
  for (const [at, gateway] of gateways.entries()) {
    if (!/^[\w.-]{1,64}$/.test(gateway.name))
      wrong(`has a gateway "${gateway.name}"`, "Use letters, digits, `.`, `_` and `-`.");
    if (gateways.findIndex((other) => other.name === gateway.name) !== at)
      wrong(`has two gateways ${gateway.name}`, "Rename one.");
    const findings = gateway.configuration?.check() ?? [];
    if (findings.length > 0)
      wrong(`has a configuration of ${gateway.name} that is no ${gateway.configuration?.type}`, findingsText(findings));
  }
}
