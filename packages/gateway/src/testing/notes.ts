import type { Contract } from "@lineshaft/core";

/** The common name of the client's certificate that `makeCertificates` makes. */
export const GATEWAY = "client";

export function noteText(n: number): string {
  return JSON.stringify({ id: `n-${n}`, key: `k-${n % 7}`, n });
}

/** As the note of the testing package, which takes child processes seconds to load. */
export const plainNote: Contract<{ id: string; key: string }> = {
  id: "note.v1",
  title: "Note",
  kind: "event",
  schema: { type: "object" },
  examples: [],
  check: () => [],
  rules: () => [],
  describe: ({ id, key }) => ({ id, object: key, key, eventTime: 0 }),
};
