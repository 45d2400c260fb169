import { appendFile, readFile } from "node:fs/promises";
import {
  type Finding,
  type Item,
  type Operation,
  type SystemDefinition,
  type Target,
  UnavailableError,
} from "@lineshaft/core";

/**
 * A system as small as one can be: a file with a line for each completion. It shows what every system has to offer, and
 * makes way for a real one: odoo({ … }) from @lineshaft/odoo or s4({ … }) from @lineshaft/sap.
 */
export interface Entry {
  order: string;
  made: string;
  scrapped: string[];
  finished: boolean;
  at: string;
}

const path = "day-book.jsonl";

export const dayBook: SystemDefinition = {
  name: "day book",
  connector: "file",
  open: async () => ({
    targets: { enter: enterTarget },
    sources: {},
    check: async () => ({ ok: true, detail: path }),
    close: async () => {},
  }),
};

const fields = { order: "string", made: "string", scrapped: "object", finished: "boolean", at: "string" };

/** The operation that flows send to. */
export const enter: Operation<Entry> = {
  system: dayBook,
  name: "enter",
  schema: { type: "object", required: Object.keys(fields) },
  check: (value) =>
    Object.entries(fields)
      .filter(([name, type]) => typeof (value as Record<string, unknown>)[name] !== type)
      .map(([name, type]): Finding => ({ field: `/${name}`, rule: `day-book.${name}`, fix: `Give a ${type}.` })),
};

const enterTarget: Target<Entry> = {
  maxBatch: 100,
  keepsOrder: true,
  // After a crash nobody knows whether the line was written: look for our token before writing it again.
  repeat: {
    kind: "lookup",
    settleMs: 0,
    find: async (item) => {
      const at = (await lines()).findIndex((line) => line.includes(`"${item.token}"`));
      return at < 0 ? { kind: "absent" } : { kind: "found", receipt: `line ${at + 1}` };
    },
  },
  send: async (items: Item<Entry>[]) => {
    const before = (await lines()).length;
    await appendFile(path, items.map(({ token, value }) => `${JSON.stringify({ ...value, token })}\n`).join(""));
    return items.map((_, at) => ({ kind: "done", receipt: `line ${before + at + 1}` }));
  },
};

async function lines(): Promise<string[]> {
  try {
    return (await readFile(path, "utf8")).split("\n").slice(0, -1);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw new UnavailableError(`Cannot read ${path}.`, { next: "Let the hub's user read and write the file.", cause });
  }
}
