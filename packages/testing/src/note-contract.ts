import type { Contract, Finding } from "@lineshaft/core";

/** The smallest useful message: something happened to an object. For tests of engine and ledgers. */
export interface Note {
  id: string;
  key: string;
  n?: number;
  text?: string;
}

/** A state: how an object is, in a version. */
export interface Level {
  id: string;
  object: string;
  version: string;
  level: number;
}

function finding(field: string, rule: string, fix: string): Finding[] {
  return [{ field, rule, fix }];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export const note: Contract<Note> = {
  id: "note.v1",
  title: "Note",
  kind: "event",
  schema: { type: "object" },
  examples: [{ id: "n-1", key: "k-1" }],
  check: (value) =>
    isRecord(value) && typeof value["id"] === "string" && typeof value["key"] === "string"
      ? []
      : finding("/id", "schema.required", "Send an object with the texts id and key."),
  rules: (value) => ((value.n ?? 0) < 0 ? finding("/n", "note.negative", "Send a number that is not negative.") : []),
  describe: (value) => ({ id: value.id, object: value.key, key: value.key, eventTime: 0 }),
};

export const level: Contract<Level> = {
  id: "level.v1",
  title: "Level",
  kind: "state",
  schema: { type: "object" },
  examples: [{ id: "l-1", object: "o-1", version: "1", level: 5 }],
  check: (value) =>
    isRecord(value) &&
    typeof value["id"] === "string" &&
    typeof value["object"] === "string" &&
    typeof value["version"] === "string"
      ? []
      : finding("", "schema.required", "Send an object with the texts id, object and version."),
  rules: () => [],
  describe: (value) => ({
    id: value.id,
    object: value.object,
    key: value.object,
    version: value.version,
    eventTime: 0,
  }),
};
