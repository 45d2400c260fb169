import type { DatabaseSync, StatementSync } from "node:sqlite";
import { deliveryId } from "@lineshaft/core";
import { completion } from "@lineshaft/model";
import { SOURCE } from "./bench-hub.ts";
import type { GroupShape } from "./commit-watch.ts";
import type { RawMessage } from "./raw-message.ts";
import type { LedgerInternals } from "./sqlite-store.ts";

/** The ledger's statements that a delivery's life takes when nothing goes wrong. */
export const STATEMENTS = [
  "insertMessage",
  "insertDelivery",
  "beginAll",
  "finishAll",
  "insertAttempt",
  "lastLink",
  "insertLink",
  "count",
  "fences",
] as const;

type Statements = Record<(typeof STATEMENTS)[number], StatementSync>;

/** Writes groups of messages, begun and finished deliveries as the ledger's own writer does, statement by statement. */
export class RawRun {
  readonly #db: DatabaseSync;
  readonly #ledger: LedgerInternals;
  readonly #routes: readonly { id: number; system: number }[];
  readonly #sql: Statements;
  #next = 0;
  readonly #toBegin: { id: number; message: RawMessage }[] = [];
  #begun = 0;
  #finished = 0;

  constructor(db: DatabaseSync, internals: LedgerInternals, routes: readonly { id: number; system: number }[]) {
    this.#db = db;
    this.#ledger = internals;
    this.#routes = routes;
    this.#sql = Object.fromEntries(STATEMENTS.map((name) => [name, db.prepare(internals.hot[name])])) as Statements;
  }

  commit(group: GroupShape, messages: readonly RawMessage[]): void {
    const { lastLink, insertLink, count, fences } = this.#sql;
    const at = Date.now();
    this.#db.exec("begin immediate");
    const last = lastLink.get();
    const link = Number(last?.["id"] ?? 0) + 1;
    const lines: string[] = [];
    for (let i = 0; i < group.messages; i++) this.#insert(messages[this.#next++] as RawMessage, link, at, lines);
    if (group.begins + group.finishes > 0) fences.all();
    this.#begin(group.begins, at);
    this.#finish(group.finishes, { link, at, lines });
    for (const { id } of this.#routes)
      for (const state of ["pending", "sending", "done"]) count.run(`${id}:${state}`, group.finishes);
    count.run("messages", group.messages);
    count.run("attempts", group.finishes);
    if (lines.length > 0) {
      const previous = String(last?.["hash"] ?? this.#ledger.FIRST_HASH);
      insertLink.run(link, at, lines.length, this.#ledger.linkHash(previous, at, lines));
    }
    this.#db.exec("commit");
  }

  #insert(message: RawMessage, link: number, at: number, lines: string[]): void {
    const { sourceId, key, received } = message;
    const digest = this.#ledger.digestOf(received, undefined);
    const { lastInsertRowid } = this.#sql.insertMessage.run(
      SOURCE,
      sourceId,
      completion.id,
      key,
      key,
      null,
      at,
      at,
      link,
      digest,
      null,
      null,
      null,
      received,
    );
    const id = Number(lastInsertRowid);
    lines.push(
      this.#ledger.sealLine("message", [id, SOURCE, sourceId, completion.id, key, key, undefined, at, at, digest]),
    );
    for (const route of this.#routes) {
      const delivery = deliveryId(id, route.id);
      this.#sql.insertDelivery.run(delivery, route.id, route.system, "pending", 1, at);
      this.#toBegin.push({ id: delivery, message });
    }
  }

  #begin(count: number, at: number): void {
    if (count === 0) return;
    const rows = this.#toBegin.slice(this.#begun, this.#begun + count).map(({ id }) => [id, at]);
    this.#begun += count;
    this.#sql.beginAll.run(JSON.stringify(rows));
  }

  #finish(count: number, { link, at, lines }: { link: number; at: number; lines: string[] }): void {
    if (count === 0) return;
    const finished = this.#toBegin.slice(this.#finished, this.#finished + count);
    this.#finished += count;
    const rows = finished.map(({ id }) => [id, at, receiptOf(id), "sending"]);
    this.#sql.finishAll.run(JSON.stringify(rows));
    for (const { id, message } of finished) {
      const receipt = receiptOf(id);
      const { lastInsertRowid } = this.#sql.insertAttempt.run(
        id,
        "send",
        at,
        at,
        "done",
        link,
        receipt,
        null,
        message.request,
        null,
      );
      const values = [Number(lastInsertRowid), id, "send", at, at, "done", receipt, undefined];
      lines.push(this.#ledger.sealLine("attempt", values));
    }
  }
}

function receiptOf(delivery: number): string {
  return `r-${delivery.toString(36)}`;
}
