import { type Ledger, type Settlement, deliveryId, laneOf, messageOf } from "@lineshaft/core";
import { aMessage } from "./ledger-cases.ts";

/** Text that not every store can hold as it is: U+0000, half of a surrogate pair, and a character that needs both. */
const ODD = "odd \0 \ud800 \u001a0000 🏭";
/** Where a publication stands. */
const PUBLISHED = "gateways:configuration:hamburg";

/**
 * Puts into an empty ledger something of everything that there is: deliveries in every state, repetitions, refusals, acts
 * of people, identities, cursors, and text that is hard to store.
 */
export async function fillLedger(ledger: Ledger): Promise<void> {
  await ledger.registerSystems([
    { name: "mes", plant: "hamburg" },
    { name: "odoo", plant: "hamburg" },
    { name: "s4", plant: null },
  ]);
  const routes = await ledger.registerRoutes([
    { flow: "notes", system: "odoo", operation: "apply" },
    { flow: "notes", system: "s4", operation: "post" },
  ]);
  const [first, second] = routes.map((r) => r.id) as [number, number];
  const deliveries = routes.map((r) => ({ route: r.id, supersede: true }));
  const fact = (sourceId: string, over = {}) =>
    aMessage({ sourceId, key: sourceId, object: sourceId, deliveries, ...over });
  const { lanes } = await ledger.claimLanes({ worker: "w1", leaseMs: 10_000 });
  const level = (version: string) =>
    fact(`level ${version}`, {
      contract: "level.v1",
      key: "tank",
      object: "tank",
      version,
      canonical: `{"v":"${version}"}`,
    });
  const { messages } = await ledger.commit({
    at: 1_000,
    messages: [
      ...["done", "sending", "checking", "parked", "edited", "confirmed", "dropped", "pending"].map((id) => fact(id)),
      fact(ODD, { received: Buffer.from([0, 255, 1]), canonical: ODD, origin: ODD, trace: "t-1" }),
      level("9"),
      level("8"),
      level("10"),
    ],
    refusals: [
      {
        source: "mes",
        sourceId: ODD,
        contract: "note.v1",
        receivedTime: 999,
        received: Buffer.from([255, 0]),
        receivedBytes: 70_000,
        findings: [{ field: ODD, rule: "schema.required", fix: "Send it." }],
        origin: "terminal 3",
      },
    ],
  });
  await ledger.commit({
    at: 1_100,
    messages: [fact("done", { receivedTime: 1_099 }), fact("done", { receivedTime: 1_100, received: "other" })],
  });
  const idOf = (at: number, route = first) => deliveryId(messages[at]?.message ?? 0, route);
  const keyOf = new Map((await ledger.messages({ limit: 100 })).map((m) => [m.id, m.key]));
  const step = (delivery: number, over: Pick<Settlement, "from" | "to"> & Partial<Settlement>): Settlement => {
    const lane = laneOf(keyOf.get(messageOf(delivery)) ?? "");
    return { delivery, lane, fence: lanes[lane]?.fence ?? -1, at: 1_200, ...over };
  };
  const attempt = { kind: "send" as const, startedAt: 1_150, endedAt: 1_200, request: `{"v":"${ODD}"}` };
  const parking = { reason: "rejected", message: `No such order. ${ODD}`, next: "Correct it.", owner: "ana" };
  const begun = [0, 1, 2, 3, 4, 5, 6].map((at) => idOf(at));
  await ledger.commit({ at: 1_150, settlements: begun.map((d) => step(d, { from: "pending", to: "sending" })) });
  await ledger.commit({
    at: 1_200,
    settlements: [
      step(idOf(0), { from: "sending", to: "done", attempt: { ...attempt, outcome: "done", receipt: `r ${ODD}` } }),
      step(idOf(2), {
        from: "sending",
        to: "checking",
        dueAt: 5_000,
        tries: 2,
        crashes: 1,
        attempt: { ...attempt, outcome: "uncertain", message: "No answer." },
      }),
      ...[3, 4, 5, 6].map((at) =>
        step(idOf(at), { from: "sending", to: "parked", parking, attempt: { ...attempt, outcome: "rejected" } }),
      ),
    ],
  });
  const by = { who: "ana", why: `because ${ODD}`, at: 1_300 };
  await ledger.act({ ...by, kind: "edit", delivery: idOf(4), canonical: `{"corrected":"${ODD}"}`, difference: [ODD] });
  await ledger.act({ ...by, kind: "confirm", delivery: idOf(5), receipt: "by hand" });
  await ledger.act({ ...by, kind: "drop", delivery: idOf(6) });
  const [third] = await ledger.registerRoutes([{ flow: "later", system: "s4", operation: "post" }]);
  await ledger.act({ ...by, kind: "create", message: messageOf(idOf(0)), route: third?.id ?? 0 });
  await ledger.commit({
    at: 1_400,
    settlements: [step(idOf(0, second), { from: "pending", to: "pending", dueAt: 9_000, tries: 3 })],
  });
  await ledger.learnIdentities([
    { kind: "product", object: "B-1", system: "odoo", external: ODD, learnedAt: 1_000, origin: "ana" },
  ]);
  await ledger.saveCursor("odoo/orders", ODD);
  await ledger.actOnCursor({
    ...by,
    kind: "publish",
    cursor: { name: PUBLISHED, value: ODD, after: "" },
    detail: { gateway: "hamburg", version: 1, odd: ODD },
  });
  const identity = { kind: "product", object: "B-2", system: "odoo", external: `2 ${ODD}` };
  await ledger.actOnIdentity({ ...by, identity, before: undefined });
  await ledger.releaseLanes({ worker: "w1" });
}

/** Everything that a ledger tells of what is in it, for comparing: with another one, or with itself later. Small ledgers only. */
export async function describeLedger(ledger: Ledger): Promise<Record<string, unknown>> {
  const limit = 10_000;
  const deliveries = await ledger.deliveries({ limit });
  const attempts = await Promise.all(deliveries.map((d) => ledger.attempts(d.id)));
  const { commits: _, ...totals } = await ledger.totals();
  const described = {
    id: ledger.id,
    totals,
    routes: await ledger.routes(),
    messages: (await ledger.messages({ limit })).map((m) => ({
      ...m,
      received: Buffer.from(m.received).toString("base64"),
    })),
    deliveries,
    attempts: attempts.flat(),
    payloads: [...(await ledger.payloads(deliveries.map(({ id, edited }) => ({ id, edited: edited !== null }))))].sort(
      ([a], [b]) => a - b,
    ),
    refusals: (await ledger.refusals({ after: 0, limit })).map((r) => ({
      ...r,
      received: Buffer.from(r.received).toString("base64"),
    })),
    audit: await ledger.audit({ after: 0, limit }),
    counts: await ledger.counts({ open: false }),
    latest: (await ledger.latest({ contract: "level.v1", objects: ["tank"] })).get("tank") ?? null,
    identity: (await ledger.identity({ kind: "product", object: "B-1", system: "odoo" })) ?? null,
    cursor: (await ledger.loadCursor("odoo/orders")) ?? null,
    published: (await ledger.loadCursor(PUBLISHED)) ?? null,
  };
  // What is undefined is not there, as in a file.
  return JSON.parse(JSON.stringify(described)) as Record<string, unknown>;
}
