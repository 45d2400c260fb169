import {
  type DeliveryState,
  type Ledger,
  type MessageFilter,
  ROUTES,
  type StoredMessage,
  type StoredRefusal,
} from "@lineshaft/core";
import { Command } from "commander";
import { openLedger, type LedgerOptions } from "../open-ledger.ts";
import type { Terminal } from "../terminal.ts";
import { parseTime, showTime } from "../times.ts";
import { collect, ledgerOptions, wholeNumber } from "./options.ts";

/** What selects messages, for `messages` and `replay`. */
export interface SelectionOptions extends LedgerOptions {
  id?: string[];
  key?: string;
  object?: string;
  source?: string;
  contract?: string;
  search?: string;
  from?: string;
  to?: string;
}

export function selectionOptions(command: Command): Command {
  return ledgerOptions(command)
    .option("--id <message>", "only this message; may be given more than once", collect)
    .option("--key <key>", "only messages of this order key")
    .option("--object <object>", "only messages about this business object")
    .option("--source <system>", "only messages of this source")
    .option("--contract <id>", "only messages of this contract, completion.v1")
    .option("--search <text>", "only messages that hold this text (reads through all of them)")
    .option("--from <time>", "received at or after: 2026-11-21T06:00, or 2h ago as 2h")
    .option("--to <time>", "received before");
}

export function selectionOf(options: SelectionOptions, now: number): Omit<MessageFilter, "limit"> {
  const { id, key, object, source, contract, search, from, to } = options;
  return {
    ...(id && { ids: id.map((text) => wholeNumber(text)) }),
    ...(key !== undefined && { key }),
    ...(object !== undefined && { object }),
    ...(source !== undefined && { source }),
    ...(contract !== undefined && { contract }),
    ...(search !== undefined && { search }),
    ...(from !== undefined && { from: parseTime(from, now) }),
    ...(to !== undefined && { to: parseTime(to, now) }),
  };
}

/** Messages asked for at once; their deliveries are counted per page. */
const PAGE = 500;

export function messagesCommand(terminal: Terminal): Command {
  return selectionOptions(new Command("messages"))
    .description("facts that were accepted, newest first; --refused shows those that were not")
    .option("--oldest-first", "oldest first")
    .option("--refused", "facts that were refused, with what was wrong")
    .option("--limit <n>", "most rows", wholeNumber, 50)
    .action(async (options: SelectionOptions & { oldestFirst?: boolean; refused?: boolean; limit: number }) => {
      const selection = selectionOf(options, Date.now());
      await using ledger = await openLedger(options, { readOnly: true });
      if (options.refused) return showRefusals(terminal, ledger, options.limit);
      const filter = { ...selection, limit: options.limit, newestFirst: !options.oldestFirst };
      const rows = await withStates(ledger, await ledger.messages(filter));
      terminal.list(
        terminal.json ? rows.map(messageJson) : rows,
        terminal.json
          ? []
          : [
              { title: "id", show: (row) => (row as Row).id },
              { title: "received", show: (row) => showTime((row as Row).receivedTime) },
              { title: "source", show: (row) => (row as Row).source },
              { title: "contract", show: (row) => (row as Row).contract },
              { title: "object", show: (row) => (row as Row).object, flexible: true },
              { title: "source's id", show: (row) => (row as Row).sourceId, flexible: true },
              { title: "deliveries", show: (row) => showStates((row as Row).states) },
            ],
        "No message matches.",
      );
    });
}

type Row = StoredMessage & { states: Partial<Record<DeliveryState, number>> };

async function withStates(ledger: Ledger, messages: readonly StoredMessage[]): Promise<Row[]> {
  const rows: Row[] = [];
  for (let at = 0; at < messages.length; at += PAGE) {
    const page = messages.slice(at, at + PAGE);
    const deliveries = await ledger.deliveries({ messages: page.map((m) => m.id), limit: page.length * ROUTES });
    for (const message of page) {
      const states: Row["states"] = {};
      for (const { state } of deliveries.filter((d) => d.message === message.id))
        states[state] = (states[state] ?? 0) + 1;
      rows.push({ ...message, states });
    }
  }
  return rows;
}

function showStates(states: Row["states"]): string {
  return Object.entries(states)
    .map(([state, count]) => `${count} ${state}`)
    .join(", ");
}

/** A message as JSON: the canonical payload as what it is, the received one as text. */
export function messageJson({ received, canonical, ...rest }: StoredMessage): object {
  return { ...rest, canonical: JSON.parse(canonical) as unknown, received: Buffer.from(received).toString("utf8") };
}

async function showRefusals(terminal: Terminal, ledger: Ledger, limit: number): Promise<void> {
  const rows = await newestRefusals(ledger, limit);
  if (terminal.json)
    return terminal.list(
      rows.map((row) => ({ ...row, received: Buffer.from(row.received).toString("utf8") })),
      [],
      "",
    );
  if (rows.length === 0) return terminal.say("No fact was refused.");
  for (const { id, source, contract, receivedTime, findings, receivedBytes, origin } of rows) {
    terminal.say(
      `${id}  ${showTime(receivedTime)}  ${contract} from ${source}${origin ? ` (${origin})` : ""}, ${receivedBytes} bytes`,
    );
    for (const { field, rule, value, fix } of findings)
      terminal.say(
        `    ${field === "" ? "the whole message" : field}${value === undefined ? "" : ` = ${value}`}: ${fix} (${rule})`,
      );
  }
}

/** The ledger tells them from the oldest on. */
async function newestRefusals(ledger: Ledger, limit: number): Promise<StoredRefusal[]> {
  let newest: StoredRefusal[] = [];
  for (let after = 0; ;) {
    const page = await ledger.refusals({ after, limit: PAGE });
    newest = [...newest, ...page].slice(-limit);
    if (page.length < PAGE) return newest.toReversed();
    after = page.at(-1)?.id ?? after;
  }
}
