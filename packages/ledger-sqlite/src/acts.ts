import {
  type Act,
  type AuditEntry,
  type CursorAct,
  type DeliveryState,
  type IdentityAct,
  LineshaftError,
  ROUTES,
  cursorMoved,
  identityDetail,
  identityMoved,
  identityOf,
  messageOf,
} from "@lineshaft/core";
import { sealLine } from "./audit-chain.ts";
import { externalOf, learnIdentity } from "./identities.ts";
import { type Open, type Writer, bump, counterOf, isOpen } from "./writer.ts";

interface Effect {
  /** States that allow the act. */
  from: readonly DeliveryState[];
  to: DeliveryState;
  detail?: string;
  set?: { edited?: string; receipt?: string };
}

/** Applies a person's act and writes it to the audit trail, in one commit. */
export function applyAct(writer: Writer, act: Act): AuditEntry & { deliveryId: number } {
  return writer.transact(act.at, (open) => {
    const delivery =
      act.kind === "create"
        ? create(writer, open, act.message, act.route)
        : change(writer, open, act.delivery, effectOf(act));
    const detail = detailOf(act);
    const { at, who, kind, why } = act;
    const entry = { at, who, act: kind, message: messageOf(delivery), delivery, why, detail };
    return { ...audit(writer, open, entry), deliveryId: delivery };
  });
}

/** Moves what stands under a name and writes that to the audit trail, in one commit. */
export function applyCursorAct(writer: Writer, act: CursorAct): AuditEntry {
  const { who, why, at, kind, cursor, detail } = act;
  return writer.transact(at, (open) => {
    const { name, value, after } = cursor;
    if (Number(writer.sql.moveCursor.run(name, value, after, name).changes) === 0) throw cursorMoved(act);
    const entry = { at, who, act: kind, message: null, delivery: null, why, detail: JSON.stringify(detail) };
    return audit(writer, open, entry);
  });
}

/** Says what a system calls a thing and writes that to the audit trail, in one commit. */
export function applyIdentityAct(writer: Writer, act: IdentityAct): AuditEntry {
  const { who, why, at, identity, before } = act;
  return writer.transact(at, (open) => {
    if (externalOf(writer, identity) !== before) throw identityMoved(act);
    learnIdentity(writer, identityOf(act));
    const entry = { at, who, act: "identify", message: null, delivery: null, why, detail: identityDetail(act) };
    return audit(writer, open, entry);
  });
}

function effectOf(act: Exclude<Act, { kind: "create" }>): Effect {
  switch (act.kind) {
    case "resend":
      return { from: ["parked", "dropped", "suppressed", "superseded"], to: "pending" };
    case "edit":
      return { from: ["parked"], to: "pending", set: { edited: act.canonical } };
    case "confirm":
      return { from: ["parked"], to: "done", set: { receipt: act.receipt } };
    case "drop":
      return { from: ["parked"], to: "dropped" };
    case "recheck":
      return { from: ["done"], to: act.check ? "checking" : "pending" };
  }
}

function change(writer: Writer, open: Open, id: number, effect: Effect): number {
  const row = writer.db.prepare("select state from delivery where id = ?").get(id);
  if (row === undefined)
    throw new LineshaftError("not-found", `There is no delivery ${id}.`, {
      next: "List deliveries with lineshaft parked or lineshaft trace KEY.",
    });
  const state = row["state"] as DeliveryState;
  if (!effect.from.includes(state))
    throw new LineshaftError(
      "wrong-state",
      `Delivery ${id} is ${state}; this is possible only while it is ${effect.from.join(" or ")}.`,
      {
        next: "Look at it again with lineshaft trace KEY; somebody else may have been faster.",
      },
    );
  writer.db
    .prepare(
      `update delivery
       set state = ?, open = ?, since = ?, due_at = 0, tries = 0, crashes = 0, parking = null,
           edited = coalesce(?, edited), receipt = coalesce(?, receipt)
       where id = ?`,
    )
    .run(effect.to, isOpen(effect.to) ? 1 : 0, open.at, effect.set?.edited ?? null, effect.set?.receipt ?? null, id);
  bump(open, counterOf(id % ROUTES, state), -1);
  bump(open, counterOf(id % ROUTES, effect.to), 1);
  return id;
}

function create(writer: Writer, open: Open, message: number, route: number): number {
  if (writer.db.prepare("select 1 from message where id = ?").get(message) === undefined)
    throw new LineshaftError("not-found", `There is no message ${message}.`, {
      next: "List messages with lineshaft messages.",
    });
  const id = message * ROUTES + route;
  if (writer.db.prepare("select 1 from delivery where id = ?").get(id) !== undefined)
    throw new LineshaftError("wrong-state", `Message ${message} already has this delivery (${id}).`, {
      next: "Plan the replay again.",
    });
  return writer.insertDelivery(open, message, route, "pending").id;
}

function detailOf(act: Act): string | null {
  if (act.kind === "edit") return JSON.stringify(act.difference);
  return act.kind === "confirm" ? JSON.stringify({ receipt: act.receipt }) : null;
}

function audit(writer: Writer, open: Open, entry: Omit<AuditEntry, "id">): AuditEntry {
  const { at, who, act, message, delivery, why, detail } = entry;
  const { lastInsertRowid } = writer.db
    .prepare("insert into audit (at, who, act, message, delivery, why, detail, link) values (?, ?, ?, ?, ?, ?, ?, ?)")
    .run(at, who, act, message, delivery, why, detail, open.link);
  const id = Number(lastInsertRowid);
  open.lines.push(sealLine("audit", [id, at, who, act, message, delivery, why, detail]));
  return { id, ...entry };
}
