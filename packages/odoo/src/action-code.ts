import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { PROTOCOL } from "./protocol.ts";

/** Beside `src` and `dist`, so that both find it. */
const folder = new URL("../server-action/", import.meta.url);

export interface ActionCode {
  /** The Python text of the server action. */
  text: string;
  /** First 12 hex digits of the hash of the text; tells an older installation. */
  hash: string;
}

let cached: ActionCode | undefined;

/** The server action that this version of the connector needs. */
export function actionCode(): ActionCode {
  cached ??= build();
  return cached;
}

function build(): ActionCode {
  const parts = readdirSync(folder)
    .filter((name) => name.endsWith(".py"))
    .sort()
    .map((name) => readFileSync(new URL(name, folder), "utf8"));
  const body = parts.join("\n\n");
  const hash = createHash("sha256").update(`${PROTOCOL}\n${body}`).digest("hex").slice(0, 12);
  const head = [
    "# Installed by `lineshaft odoo provision`. Do not edit: the next provisioning replaces it.",
    `LINESHAFT_PROTOCOL = ${PROTOCOL}`,
    `LINESHAFT_CODE = '${hash}'`,
  ];
  return { text: `${head.join("\n")}\n\n${body}`, hash };
}
