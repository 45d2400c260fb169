import {
  type Ledger,
  LineshaftError,
  ROUTES,
  type StoredAttempt,
  type StoredDelivery,
  type StoredMessage,
} from "@lineshaft/core";
import { Command } from "commander";
import { openLedger, type LedgerOptions } from "../open-ledger.ts";
import type { Terminal } from "../terminal.ts";
import { counted, showDuration, showTime } from "../times.ts";
import { messageJson } from "./messages.ts";
import { ledgerOptions, wholeNumber } from "./options.ts";

/** Longest stretch of a payload shown for people; --json has all of it. */
const PAYLOAD_CHARS = 4_000;

export function traceCommand(terminal: Terminal): Command {
  return ledgerOptions(new Command("trace"))
    .description("everything that happened to one order, lot, product or message")
    .argument("<key>", "an order key, a business object, a source's own id, or a message's number")
    .option("--payloads", "with payloads, requests and answers")
    .option("--limit <n>", "most messages", wholeNumber, 100)
    .action(async (key: string, options: LedgerOptions & { payloads?: boolean; limit: number }) => {
      await using ledger = await openLedger(options, { readOnly: true });
      const messages = await findMessages(ledger, key, options.limit);
      if (messages.length === 0)
        throw new LineshaftError("not-found", `Nothing in the ledger is about ${key}.`, {
          next: `Look for it inside of payloads: lineshaft messages --search ${key}`,
        });
      const traced = await traceOf(ledger, messages);
      if (terminal.json) terminal.list(traced.map(traceJson), [], "");
      else for (const one of traced) terminal.say(traceText(one, options.payloads ?? false));
    });
}

interface Traced {
  message: StoredMessage;
  deliveries: { delivery: StoredDelivery; attempts: StoredAttempt[] }[];
}

async function findMessages(ledger: Ledger, key: string, limit: number): Promise<StoredMessage[]> {
  const found = new Map<number, StoredMessage>();
  const filters = [
    { key },
    { object: key },
    { sourceId: key },
    ...(/^\d{1,15}$/.test(key) ? [{ ids: [Number(key)] }] : []),
  ];
  for (const filter of filters)
    for (const message of await ledger.messages({ ...filter, limit })) found.set(message.id, message);
  return [...found.values()].sort((a, b) => a.id - b.id).slice(0, limit);
}

async function traceOf(ledger: Ledger, messages: readonly StoredMessage[]): Promise<Traced[]> {
  const deliveries = await ledger.deliveries({ messages: messages.map((m) => m.id), limit: messages.length * ROUTES });
  return Promise.all(
    messages.map(async (message) => ({
      message,
      deliveries: await Promise.all(
        deliveries
          .filter((delivery) => delivery.message === message.id)
          .map(async (delivery) => ({ delivery, attempts: await ledger.attempts(delivery.id) })),
      ),
    })),
  );
}

function traceJson({ message, deliveries }: Traced): object {
  return {
    ...messageJson(message),
    deliveries: deliveries.map(({ delivery, attempts }) => ({ ...delivery, attempts })),
  };
}

function traceText({ message: m, deliveries }: Traced, payloads: boolean): string {
  const lines = [
    `Message ${m.id}: ${m.contract} about ${m.object}, ${m.sourceId} from ${m.source}${m.origin ? ` (${m.origin})` : ""}`,
    `  happened ${showTime(m.eventTime)}, received ${showTime(m.receivedTime)}${m.duplicates > 0 ? `, sent again ${counted(m.duplicates, "time")}` : ""}`,
    ...(payloads ? [indent(shorten(m.canonical), 2)] : []),
    ...(deliveries.length === 0 ? ["  goes nowhere: no flow takes it"] : []),
    ...deliveries.flatMap(({ delivery, attempts }) => deliveryLines(delivery, attempts, payloads)),
  ];
  return lines.join("\n");
}

function deliveryLines(d: StoredDelivery, attempts: readonly StoredAttempt[], payloads: boolean): string[] {
  const stands = d.state === "done" && d.receipt ? `: ${d.receipt}` : "";
  return [
    `  → ${d.system} ${d.operation} (flow ${d.flow}), delivery ${d.id}: ${d.state}${stands} since ${showTime(d.since)}`,
    ...(d.parking && d.state === "parked"
      ? [`      ${d.parking.message}`, `      Next: ${d.parking.next} For: ${d.parking.owner}.`]
      : []),
    ...(d.edited === null ? [] : ["      sent with a payload that a person edited"]),
    ...attempts.flatMap((a) => [
      `      ${showTime(a.startedAt)}  ${a.kind} ${a.n}: ${a.outcome} after ${showDuration(a.endedAt - a.startedAt)}${a.receipt ? `, ${a.receipt}` : ""}${a.message ? `: ${a.message}` : ""}`,
      ...(payloads && a.request ? [indent(`sent ${shorten(a.request)}`, 8)] : []),
      ...(payloads && a.response ? [indent(`answer ${shorten(a.response)}`, 8)] : []),
    ]),
  ];
}

function shorten(text: string): string {
  return text.length <= PAYLOAD_CHARS
    ? text
    : `${text.slice(0, PAYLOAD_CHARS)}… (${text.length} characters; --json has all)`;
}

function indent(text: string, by: number): string {
  return text.replaceAll(/^/gm, " ".repeat(by));
}
