import {
  type Act,
  type AuditEntry,
  type CursorAct,
  type DeliveryState,
  type IdentityAct,
  LineshaftError,
  cursorMoved,
  deliveryId,
  identityDetail,
  identityMoved,
  identityOf,
  laneOf,
  messageOf,
} from "@lineshaft/core";
import { lineTail } from "./audit-chain.ts";
import { storedIdentity, takenIdentity } from "./identities.ts";
import { codeOf } from "./postgres-error.ts";
import type { Statements } from "./statements.ts";
import { fromStored, toStored } from "./text.ts";
import type { Writer } from "./writer.ts";

interface Effect {
  /** States that allow the act. */
  from: readonly DeliveryState[];
  to: DeliveryState;
  edited?: string;
  receipt?: string;
}

interface ActOptions {
  writer: Writer;
  sql: Statements;
}

interface DeliveryActOptions extends ActOptions {
  /** The key of a message, for the lane of a delivery that is made. */
  keyOf: (message: number) => Promise<string | undefined>;
}

/** Applies a person's act and writes it to the audit trail, in one commit. */
export async function applyAct(
  { writer, sql, keyOf }: DeliveryActOptions,
  act: Act,
): Promise<AuditEntry & { deliveryId: number }> {
  const delivery = act.kind === "create" ? deliveryId(act.message, act.route) : act.delivery;
  const effect: Effect = act.kind === "create" ? { from: [], to: "pending" } : effectOf(act);
  const key = act.kind === "create" ? await keyOf(act.message) : undefined;
  const { who, why, at, kind } = act;
  const message = messageOf(delivery);
  const detail = detailOf(act);
  const values = [
    at,
    writer.clock,
    delivery,
    act.kind === "create" ? act.route : null,
    key === undefined ? 0 : laneOf(key),
    `{${effect.from.join()}}`,
    effect.to,
    toStored(effect.edited),
    toStored(effect.receipt),
    toStored(who),
    kind,
    toStored(why),
    toStored(detail),
    lineTail([at, who, kind, message, delivery, why, detail]),
  ];
  try {
    const { audit } = (await writer.write(sql.act, values)) as { audit: number };
    return { id: audit, at, who, act: kind, message, delivery, why, detail, deliveryId: delivery };
  } catch (error) {
    throw refusalOf(error, act, effect) ?? error;
  }
}

/** Moves what stands under a name and writes that to the audit trail, in one commit. */
export async function applyCursorAct(options: ActOptions, act: CursorAct): Promise<AuditEntry> {
  const { cursor, kind, detail } = act;
  const values = [cursor.name, cursor.value, cursor.after].map((text) => toStored(text));
  const entry = { ...act, act: kind, detail: JSON.stringify(detail) };
  try {
    return await sealed(options, options.sql.actOnCursor, values, entry);
  } catch (error) {
    throw isTooLate(error) ? cursorMoved(act) : error;
  }
}

/** Says what a system calls a thing and writes that to the audit trail, in one commit. */
export async function applyIdentityAct(options: ActOptions, act: IdentityAct): Promise<AuditEntry> {
  const values = [JSON.stringify(storedIdentity(identityOf(act))), toStored(act.before)];
  const entry = { ...act, act: "identify", detail: identityDetail(act) };
  try {
    return await sealed(options, options.sql.actOnIdentity, values, entry);
  } catch (error) {
    throw isTooLate(error) ? identityMoved(act) : (takenIdentity(error) ?? error);
  }
}

/** Calls the function of an act that is about no delivery, whose last parameters are those of its audit entry. */
async function sealed(
  { writer }: ActOptions,
  text: string,
  values: readonly unknown[],
  { at, who, act, why, detail }: Pick<AuditEntry, "at" | "who" | "act" | "why" | "detail">,
): Promise<AuditEntry> {
  const entry = [toStored(who), act, toStored(why), toStored(detail)];
  const tail = lineTail([at, who, act, null, null, why, detail]);
  const { audit } = (await writer.write(text, [at, writer.clock, ...values, ...entry, tail])) as { audit: number };
  return { id: audit, at, who, act, message: null, delivery: null, why, detail };
}

/** What it was about is not where the person saw it. */
function isTooLate(error: unknown): boolean {
  return codeOf(error instanceof LineshaftError ? error.cause : error) === "LS409";
}

function effectOf(act: Exclude<Act, { kind: "create" }>): Effect {
  switch (act.kind) {
    case "resend":
      return { from: ["parked", "dropped", "suppressed", "superseded"], to: "pending" };
    case "edit":
      return { from: ["parked"], to: "pending", edited: act.canonical };
    case "confirm":
      return { from: ["parked"], to: "done", receipt: act.receipt };
    case "drop":
      return { from: ["parked"], to: "dropped" };
    case "recheck":
      return { from: ["done"], to: act.check ? "checking" : "pending" };
  }
}

function detailOf(act: Act): string | null {
  if (act.kind === "edit") return JSON.stringify(act.difference);
  return act.kind === "confirm" ? JSON.stringify({ receipt: act.receipt }) : null;
}

/** What `act_v1` says of an act that it does not allow. */
function refusalOf(error: unknown, act: Act, effect: Effect): LineshaftError | undefined {
  const cause = error instanceof LineshaftError ? error.cause : error;
  const code = codeOf(cause);
  if (code !== "LS404" && code !== "LS409") return undefined;
  const said = fromStored((cause as Error).message);
  if (act.kind === "create") {
    if (code === "LS409")
      return new LineshaftError(
        "wrong-state",
        `Message ${act.message} already has this delivery (${deliveryId(act.message, act.route)}).`,
        {
          next: "Plan the replay again.",
        },
      );
    const missing = said === "no route" ? `route ${act.route}` : `message ${act.message}`;
    return new LineshaftError("not-found", `There is no ${missing}.`, {
      next: "List messages with lineshaft messages.",
    });
  }
  if (code === "LS404")
    return new LineshaftError("not-found", `There is no delivery ${act.delivery}.`, {
      next: "List deliveries with lineshaft parked or lineshaft trace KEY.",
    });
  return new LineshaftError(
    "wrong-state",
    `Delivery ${act.delivery} is ${said}; this is possible only while it is ${effect.from.join(" or ")}.`,
    { next: "Look at it again with lineshaft trace KEY; somebody else may have been faster." },
  );
}
