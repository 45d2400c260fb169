import {
  type AuditEntry,
  type CursorAct,
  type Finding,
  type IdentityAct,
  type Ledger,
  LineshaftError,
  systemClock,
} from "@lineshaft/core";
import type { HubDefinition } from "./hub-definition.ts";
import { KnownObjects } from "./known-objects.ts";
import { difference } from "./difference.ts";
import { PlantScopes } from "./plant-scopes.ts";

/** Who acts, why, and when (ms since 1970). Both texts go into the audit trail. */
export interface By {
  who: string;
  why: string;
  at: number;
}

type Acted = AuditEntry & { deliveryId: number };

/** Sends a parked (or dropped, suppressed, superseded) delivery again. @throws LineshaftError `not-found`, `wrong-state`, `usage` */
export function resend(ledger: Ledger, act: By & { delivery: number }): Promise<Acted> {
  return ledger.act({ kind: "resend", ...vouched(act) });
}

/** Says that a parked delivery stands in the target; `receipt` is the target's own name for it. */
export function confirm(ledger: Ledger, act: By & { delivery: number; receipt: string }): Promise<Acted> {
  return ledger.act({ kind: "confirm", ...vouched(act) });
}

/** Gives a parked delivery up. */
export function drop(ledger: Ledger, act: By & { delivery: number }): Promise<Acted> {
  return ledger.act({ kind: "drop", ...vouched(act) });
}

/** Moves what stands under a name in the ledger. @throws LineshaftError `wrong-state` when it was moved meanwhile, `usage` */
export function moveCursor(ledger: Pick<Ledger, "actOnCursor">, act: CursorAct): Promise<AuditEntry> {
  return ledger.actOnCursor(vouched(act));
}

/** Says what a system calls a thing. @throws LineshaftError `wrong-state` when somebody said otherwise meanwhile, or it stands for another thing; `usage` */
export function identify(ledger: Pick<Ledger, "actOnIdentity">, act: IdentityAct): Promise<AuditEntry> {
  return ledger.actOnIdentity(vouched(act));
}

/**
 * Sends a parked delivery with another payload. The message keeps the original; the audit trail keeps the difference.
 * The new payload must pass the contract and its rules, as if it came in.
 */
export async function editAndResend(
  ledger: Ledger,
  definition: HubDefinition,
  act: By & { delivery: number; canonical: unknown },
): Promise<{ edited: true; entry: Acted } | { edited: false; findings: Finding[] }> {
  const [delivery] = await ledger.deliveries({ ids: [act.delivery], limit: 1 });
  const message = delivery === undefined ? undefined : await ledger.message(delivery.message);
  if (delivery === undefined || message === undefined)
    throw new LineshaftError("not-found", `There is no delivery ${act.delivery}.`, {
      next: "List what waits with lineshaft parked.",
    });
  const contract = [...definition.flows.map((f) => f.contract), ...(definition.contracts ?? [])].find(
    (c) => c.id === message.contract,
  );
  if (contract === undefined)
    throw new LineshaftError("config-invalid", `The hub no longer knows the contract ${message.contract}.`, {
      next: "Add it to lineshaft.config.ts, so that the new payload can be checked.",
    });
  const shape = contract.check(act.canonical);
  const knownBy = new PlantScopes(definition.systems).of(message.source);
  const rules = () => {
    const known = new KnownObjects(ledger, systemClock);
    return known.answer((references) => contract.rules(act.canonical, references, act.at), knownBy);
  };
  const findings = shape.length > 0 ? shape : await rules();
  if (findings.length > 0) return { edited: false, findings };
  const before: unknown = JSON.parse(delivery.edited ?? message.canonical);
  const entry = await ledger.act({
    kind: "edit",
    who: act.who,
    why: vouched(act).why,
    at: act.at,
    delivery: act.delivery,
    canonical: JSON.stringify(act.canonical),
    difference: difference(before, act.canonical),
  });
  return { edited: true, entry };
}

function vouched<T extends By>(act: T): T {
  for (const [name, text] of [
    ["who", act.who],
    ["why", act.why],
  ] as const)
    if (text.trim() === "")
      throw new LineshaftError("usage", `An act needs to say ${name}.`, {
        next: "Give --who and --why; both go into the audit trail.",
      });
  return act;
}
