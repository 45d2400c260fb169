import type { Peer } from "./peer.ts";
import type { Violations } from "./violations.ts";

export async function runDiskFaults(_o: {
  print: (line: string) => void;
  violations: Violations;
  peer: Peer;
  folder: string;
}): Promise<void> {}
