import { unalpha } from "../external-keys.ts";

/** Stock that two postings must not touch at once: SAP locks a material per plant and storage location. */
export function stockKey(it: { material: string; plant: string; storageLocation?: string }): string {
  return `stock ${unalpha(it.material)} ${it.plant} ${it.storageLocation ?? ""}`;
}

export function orderKey(order: string): string {
  return `order ${unalpha(order)}`;
}
