import { LineshaftError } from "./errors.ts";

/** What one system calls one thing, and who says so. */
export interface Identity {
  /** `product`, `productionOrder`, `workCenter`. */
  kind: string;
  /** The hub's id of the thing. */
  object: string;
  system: string;
  /** What that system calls it. */
  external: string;
  /** ms since 1970. */
  learnedAt: number;
  /** Who or what says so: a person, `delivery 4711`. */
  origin: string;
}

/**
 * What a person says a system calls a thing. It replaces only what the person saw there, so that of two who act at once
 * one is told.
 */
export interface IdentityAct {
  who: string;
  why: string;
  /** ms since 1970. */
  at: number;
  identity: Pick<Identity, "kind" | "object" | "system" | "external">;
  /** What that system was known to call it; undefined: nobody had said. */
  before: string | undefined;
}

/** The identity as it is stored. */
export function identityOf({ identity, who, why, at }: IdentityAct): Identity {
  return { ...identity, learnedAt: at, origin: `${who}: ${why}` };
}

/** What the audit trail tells of it, JSON. */
export function identityDetail({ identity, before }: IdentityAct): string {
  const { kind, object, system, external } = identity;
  return JSON.stringify({ kind, object, system, external, before: before ?? null });
}

/** What a ledger says of an `IdentityAct` that comes too late. */
export function identityMoved({ identity: { kind, object, system } }: IdentityAct): LineshaftError {
  return new LineshaftError(
    "wrong-state",
    `Somebody else said meanwhile what ${system} calls ${kind} ${object}; nothing was stored.`,
    { next: "Look with lineshaft identities get, and act again if it is still right." },
  );
}

/** What a ledger says when a system would call two things the same; `other` is the one it stands for already. */
export function identityTaken({
  kind,
  object,
  system,
  external,
  other,
}: Record<"kind" | "object" | "system" | "external" | "other", string>): LineshaftError {
  return new LineshaftError("wrong-state", `In ${system}, ${kind} ${external} already stands for ${other}.`, {
    next: `If ${object} is right, say first what ${system} calls ${other}: lineshaft identities set.`,
  });
}
