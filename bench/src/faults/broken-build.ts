import type { Item, SystemDefinition } from "@lineshaft/core";
import { withTargets } from "./retarget.ts";

/** Characters of a token, of at most 32, that are left when the number of the try is put behind it. */
const TOKEN_CHARS = 24;

/**
 * Breaks a system on purpose, so that a campaign can show that it would notice: look-ups never find anything, and the
 * other side gets another token at each try, so that it cannot recognise the second one.
 */
export function withoutLookup<S extends SystemDefinition>(definition: S): S {
  let tries = 0;
  const another = (item: Item<never>): Item<never> => ({
    ...item,
    token: `${item.token.slice(0, TOKEN_CHARS)}-${(++tries).toString(36)}`,
  });
  return withTargets(definition, (target) => {
    const { repeat } = target;
    if (repeat.kind === "repeatable")
      return { repeat: { kind: "repeatable" }, send: (items, signal) => target.send(items.map(another), signal) };
    return {
      repeat: { kind: "lookup", settleMs: repeat.settleMs, find: () => Promise.resolve({ kind: "absent" }) },
      send: (items, signal) => target.send(items, signal),
    };
  });
}
