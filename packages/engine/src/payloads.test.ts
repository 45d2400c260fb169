import { type DeliveryPayload, type Ledger, deliveryId, messageOf } from "@lineshaft/core";
import { expect, test } from "vitest";
import { Payloads } from "./payloads.ts";

const [ODOO, SAP] = [1, 2];

test("a payload that two systems need is read once, also when they ask at the same time", async () => {
  const { payloads, reads } = aStore();
  const [odoo, sap, later] = [aTask(7, ODOO), aTask(7, SAP), aTask(7, SAP)];
  await Promise.all([payloads.load([odoo]), payloads.load([sap])]);
  await payloads.load([later]);
  expect(reads).toEqual([[deliveryId(7, ODOO)]]);
  expect(odoo.carried).toMatchObject({ message: 7, payload: { n: 7 } });
  expect(sap.carried).toBe(odoo.carried);
  expect(later.carried).toBe(odoo.carried);
});

test("what a person edited for one system is for that one only", async () => {
  const { payloads, reads, edit } = aStore();
  edit(deliveryId(7, ODOO));
  const edited = aTask(7, ODOO, true);
  const other = aTask(7, SAP);
  await payloads.load([edited, other]);
  expect(edited.carried?.payload).toEqual({ edited: deliveryId(7, ODOO) });
  expect(other.carried?.payload).toEqual({ n: 7 });
  await payloads.load([aTask(7, SAP)]);
  await payloads.load([aTask(7, ODOO, true)]);
  expect(reads).toEqual([[deliveryId(7, ODOO), deliveryId(7, SAP)], [deliveryId(7, ODOO)]]);
});

test("a read that failed is told to all who waited for it, and made again", async () => {
  const { payloads, fail } = aStore();
  fail();
  const both = [payloads.load([aTask(7, ODOO)]), payloads.load([aTask(7, SAP)])];
  expect(await Promise.allSettled(both)).toMatchObject([{ status: "rejected" }, { status: "rejected" }]);
  const again = aTask(7, SAP);
  await payloads.load([again]);
  expect(again.carried?.payload).toEqual({ n: 7 });
});

test("a delivery that the ledger does not have is left without, and asked for again", async () => {
  const { payloads, reads } = aStore();
  const gone = aTask(0, ODOO);
  await payloads.load([gone]);
  expect(gone.carried).toBeUndefined();
  await payloads.load([aTask(0, SAP)]);
  expect(reads).toHaveLength(2);
});

test("the oldest are forgotten once the others fill the room", async () => {
  const { payloads, reads } = aStore("x".repeat(1024 * 1024));
  for (const message of [1, 2, 3]) await payloads.load([aTask(message, ODOO)]);
  await payloads.load([aTask(3, SAP)]);
  expect(reads).toHaveLength(3);
  await payloads.load([aTask(1, SAP)]);
  expect(reads).toHaveLength(4);
});

test("what was accepted here is not read again, until others need the room", async () => {
  const { payloads, reads } = aStore("x".repeat(1024 * 1024));
  const accepted = (message: number) => ({ ...aPayload(message, {}), payload: { accepted: message } });
  payloads.keep(accepted(7), 100);
  const task = aTask(7, ODOO);
  await payloads.load([task]);
  expect(task.carried?.payload).toEqual({ accepted: 7 });
  const edited = aTask(7, SAP, true);
  await payloads.load([edited]);
  expect(edited.carried?.payload).toMatchObject({ n: 7 });
  expect(reads).toEqual([[deliveryId(7, SAP)]]);
  for (const message of [8, 9]) payloads.keep(accepted(message), 1024 * 1024);
  const again = aTask(7, ODOO);
  await payloads.load([again]);
  expect(again.carried?.payload).toMatchObject({ n: 7 });
});

function aTask(message: number, route: number, edited = false): Parameters<Payloads["load"]>[0][number] {
  return { id: deliveryId(message, route), edited, carried: undefined };
}

/** Payloads over a ledger that has every message but 0, each padded with `filler`. */
function aStore(filler = "") {
  const reads: number[][] = [];
  const edits = new Set<number>();
  let failing = false;
  const ledger: Pick<Ledger, "payloads"> = {
    async payloads(wanted) {
      const deliveries = wanted.map(({ id }) => id);
      reads.push(deliveries);
      await Promise.resolve();
      if (failing) {
        failing = false;
        throw new Error("the ledger does not answer");
      }
      return new Map(deliveries.filter((id) => messageOf(id) > 0).map((id) => [id, stored(id)]));
    },
  };
  const stored = (id: number) =>
    aPayload(
      messageOf(id),
      edits.has(id) ? { edited: id } : { n: messageOf(id), ...(filler === "" ? {} : { filler }) },
    );
  return {
    payloads: new Payloads(ledger as Ledger),
    reads,
    fail: () => (failing = true),
    edit: (delivery: number) => edits.add(delivery),
  };
}

function aPayload(message: number, content: object): DeliveryPayload {
  const canonical = JSON.stringify(content);
  const place = { source: "mes", sourceId: `f-${message}`, contract: "note.v1", object: "MO-7", key: "MO-7" };
  return { message, ...place, eventTime: 1, receivedTime: 2, canonical, trace: null };
}
