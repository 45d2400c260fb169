/** The namespace of the server's own nodes. */
export const VENDOR = "http://vendor.example/press";
export const PACKML = "http://opcfoundation.org/UA/PackML/";

export interface ServerOptions {
  port: number;
  /** Its folder of certificates. */
  pki: string;
  /** A certificate other than the one it makes itself, with `key.pem` beside it. */
  certificateFile?: string;
  /** URIs of namespaces that come before the vendor's. */
  before?: readonly string[];
  anonymous?: boolean;
  /** Certificates of users that are let in, as PEM files. */
  users?: readonly string[];
  companions?: boolean;
  /** Number of doubles called `load-0` and so on. */
  load?: number;
  /** Source time of the first values, ms. */
  startedAt: number;
}

export interface NewValue {
  node: string;
  value: unknown;
  /** Source time, ms; default: now. */
  at?: number;
  /** Name of a status code. */
  status?: string;
}

export type Order = { order: number } & (
  | { kind: "set"; values: readonly NewValue[] }
  | { kind: "cycle"; count: number; everyMs: number }
  | { kind: "services" }
);

export type Answer = { ready: true } | { done: number; services: Record<string, number> };
