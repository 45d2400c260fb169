import { LineshaftError } from "@lineshaft/core";
import type { Secret } from "@lineshaft/core";

/** How an InfluxDB is reached. See docs/connectors/historian.md. */
export type InfluxOptions = InfluxCommon & (InfluxV1 | InfluxV2);

interface InfluxCommon {
  /** Unique within the hub. */
  name: string;
  /** `http://` or `https://`, host and port. */
  url: string;
  /** Longest wait for an answer, in ms; default 30,000. */
  requestMs?: number;
  /** Default the process's own. */
  fetch?: typeof fetch;
}

/** InfluxDB 1.x: `/write` and InfluxQL by `/query`. */
interface InfluxV1 {
  version: 1;
  database: string;
  retentionPolicy?: string;
  username?: string;
  password?: Secret;
}

/** InfluxDB 2: `/api/v2/write` and Flux by `/api/v2/query`. */
interface InfluxV2 {
  version: 2;
  organisation: string;
  bucket: string;
  token: Secret;
}

/** Longest wait for an answer of InfluxDB unless told otherwise, in ms. */
export const REQUEST_MS = 30_000;

/** @throws LineshaftError `config-invalid`, naming the option */
export function checkInfluxOptions(options: InfluxOptions): void {
  const wrong = (message: string, next: string) =>
    new LineshaftError("config-invalid", `InfluxDB system ${options.name} ${message}.`, { next });
  if (!URL.canParse(options.url) || !/^https?:$/.test(new URL(options.url).protocol))
    throw wrong(`has no URL: ${options.url}`, "Write http://host:8086 or https://host:8086.");
  if (new URL(options.url).password !== "")
    throw wrong("has a password in its URL", "Use password or token: Secret.env(…) or Secret.file(…).");
  if (options.version === 1 ? !options.database : !(options.bucket && options.organisation))
    throw wrong("does not say where to write", "Give database (1.x), or organisation and bucket (2).");
}
