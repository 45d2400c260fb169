import { DatabaseSync } from "node:sqlite";
import { Secret, type SystemDefinition } from "@lineshaft/core";
import { aFinalCompletion, aProductionOrder, aQuantity, completion, productionOrder } from "@lineshaft/model";
import { MemorySystem, note } from "@lineshaft/testing";
import { expect, test } from "vitest";
import { type Plant, defineHub, flow, plant, plantDifferences, plantTemplate, required } from "./index.ts";
import { HubBed } from "./testing/hub-bed.ts";

interface Booking {
  text: string;
}

/** Every memory system that templates made, by name, to look at what reached it. */
const made = new Map<string, MemorySystem<Booking>>();

function anErp(name: string) {
  const system = new MemorySystem<Booking>(name, { repeat: "lookup" });
  made.set(name, system);
  return Object.assign(system.definition, { book: system.operation });
}

const template = plantTemplate({
  parameters: { site: required<string>(), key: required<Secret>(), zone: "Europe/Berlin" },
  systems: {
    mes: ({ name }) => new MemorySystem(name).definition,
    odoo: ({ name }) => anErp(name),
    s4: ({ name }) => anErp(name),
  },
  flows: {
    notes: ({ systems, parameters: { site } }) =>
      flow("whatever", note, { owner: "production control" })
        .to(systems.odoo.book, ({ key }) => ({ text: `${site} ${key}` }))
        .to(systems.s4.book, { map: ({ key }) => ({ text: key }), policy: { retryCapMs: 9_000 } }),
    ids: ({ systems }) => flow("ids", note).to(systems.s4.book, ({ id }) => ({ text: id })),
  },
});

const key = Secret.env("PUNE_KEY", { PUNE_KEY: "pune-key-5f1c" });
const hamburg = () => plant("hamburg", template, { parameters: { site: "HH", key } });

const ledger = { engine: "none", location: "nowhere", open: () => Promise.reject(new Error("never opened")) };
const aHub = (declaration: { plants: Plant[]; systems?: Plant["systems"]; flows?: Plant["flows"] }) =>
  defineHub({ name: "group", ledger, ...declaration });

function odooOf(it: Plant): SystemDefinition {
  const odoo = it.systems.find(({ name }) => name === `${it.name}/odoo`);
  if (odoo === undefined) throw new Error(`${it.name} has no odoo`);
  return odoo;
}

function aBed(declaration: Parameters<typeof aHub>[0]): HubBed {
  const { systems, flows, plants = [] } = aHub(declaration);
  return new HubBed({ systems, flows, plants });
}

test("a fact of one plant never reaches a system of another, and each plant's goes by its own parameters", async () => {
  const plants = [hamburg(), plant("pune", template, { parameters: { site: "PU", key } })];
  const bed = aBed({ plants });
  await using _ = bed;
  const hub = await bed.start();
  // The same ids and the same order in both: they are two facts about two orders.
  const fact = { contract: "note.v1", raw: JSON.stringify({ id: "a", key: "MO-1" }) };
  expect(await hub.intake("hamburg/mes").record(fact)).toEqual({ kind: "accepted", message: 1 });
  await bed.until("done");
  const reached = () => [...made].filter(([, system]) => system.effects.length > 0).map(([name]) => name);
  expect(reached()).toEqual(["hamburg/odoo", "hamburg/s4"]);
  expect(await hub.intake("pune/mes").record(fact)).toEqual({ kind: "accepted", message: 2 });
  await bed.until("done");
  expect(reached()).toEqual(["hamburg/odoo", "hamburg/s4", "pune/odoo", "pune/s4"]);
  expect(made.get("pune/odoo")?.effects.map((e) => e.value.text)).toEqual(["PU MO-1"]);
  expect(made.get("hamburg/odoo")?.effects.map((e) => e.value.text)).toEqual(["HH MO-1"]);
  using stored = new DatabaseSync(bed.path, { readOnly: true });
  expect(stored.prepare("select plant from system where name = 'pune/odoo'").get()).toEqual({ plant: "pune" });
  const status = hub.status();
  expect(status.systems.map((s) => [s.name, s.plant])).toContainEqual(["pune/odoo", "pune"]);
  expect(status.flows.map((f) => [f.name, f.plant])).toContainEqual(["hamburg/notes", "hamburg"]);
});

test("orders that two plants call the same are not taken for each other, by rules or by mappings", async () => {
  const asked = plantTemplate({
    parameters: {},
    systems: { mes: ({ name }) => new MemorySystem(name).definition, odoo: ({ name }) => anErp(name) },
    flows: {
      orders: ({ systems }) =>
        flow("orders", productionOrder).to(systems.odoo.book, ({ productionOrder: order }) => ({ text: order })),
      made: ({ systems }) =>
        flow("made", completion).to(systems.odoo.book, async ({ productionOrder: order }, context) => ({
          text: `of ${((await context.latest("production-order.v1", order)) as { quantity?: { value: string } })?.quantity?.value}`,
        })),
    },
  });
  const plants = ["lyon", "oslo"].map((name) => plant(name, asked, { parameters: {} }));
  const bed = aBed({ plants });
  await using _ = bed;
  const hub = await bed.start();
  const take = (source: string, contract: string, value: object) =>
    hub.intake(source).record({ contract, raw: JSON.stringify(value) });
  const order = aProductionOrder();
  const smaller = { ...order, quantity: aQuantity(1) };
  await take("lyon/mes", "production-order.v1", order);
  await take("oslo/mes", "production-order.v1", smaller);
  const { lots: _lots, totalYield: _total, reasonForOpenQuantity: _why, ...final } = aFinalCompletion();
  const whole = { ...final, productionOrder: order.productionOrder, yield: aQuantity(1), scrap: [] };
  // The whole of Oslo's order, and far from the whole of Lyon's.
  expect(await take("oslo/mes", "completion.v1", whole)).toMatchObject({ kind: "accepted" });
  const findings = [{ rule: "completion.open-quantity-reason" }];
  expect(await take("lyon/mes", "completion.v1", whole)).toMatchObject({ kind: "refused", findings });
  await bed.until("done");
  expect(made.get("oslo/odoo")?.effects.map((e) => e.value.text)).toContain("of 1");
});

test("a source of no plant reaches no plant's flow, and a flow beside the plants takes facts of those it names", async () => {
  const central = new MemorySystem<Booking>("central");
  const shared = new MemorySystem("mes");
  const bed = aBed({
    plants: [hamburg()],
    systems: [central.definition, shared.definition],
    flows: [flow("group notes", note, { from: ["hamburg/mes"] }).to(central.operation, ({ id }) => ({ text: id }))],
  });
  await using _ = bed;
  const hub = await bed.start();
  await hub.intake("mes").record({ contract: "note.v1", raw: JSON.stringify({ id: "a", key: "k" }) });
  expect(await bed.ledger.deliveries({ limit: 10 })).toEqual([]);
  await hub.intake("hamburg/mes").record({ contract: "note.v1", raw: JSON.stringify({ id: "a", key: "k" }) });
  await bed.until("done");
  expect(central.effects).toHaveLength(1);
});

test("overrides change limits, policies and a mapping of one plant only, and leave out what goes to a missing system", () => {
  const pune = plant("pune", template, {
    parameters: { site: "PU", key, zone: "Asia/Kolkata" },
    limits: { odoo: { inFlight: 1 } },
    policies: { notes: { retryCapMs: 60_000, owner: "pune" } },
    without: { systems: ["s4"] },
    replace: { flows: { notes: (it) => it.template.remap(it.systems.odoo.book, ({ id }) => ({ text: id })) } },
    add: {
      systems: { press: ({ name }) => anErp(name) },
      flows: { pressed: ({ systems }) => flow("pressed", note).to(systems.press.book, ({ id }) => ({ text: id })) },
    },
  });
  expect(pune.systems.map((s) => s.name)).toEqual(["pune/mes", "pune/odoo", "pune/press"]);
  expect(pune.flows.map((f) => [f.name, f.routes.map((r) => r.operation.system.name)])).toEqual([
    ["pune/notes", ["pune/odoo"]],
    ["pune/pressed", ["pune/press"]],
  ]);
  expect(pune.flows[0]?.routes[0]?.policy).toEqual({ retryCapMs: 60_000, owner: "pune" });
  expect(hamburg().flows[0]?.routes[1]?.policy).toEqual({ retryCapMs: 9_000 });
  expect(plantDifferences(pune)).toEqual([
    { what: "parameter", name: "site", change: "given", plant: "PU" },
    { what: "parameter", name: "key", change: "given", plant: key },
    { what: "parameter", name: "zone", change: "changed", template: "Europe/Berlin", plant: "Asia/Kolkata" },
    { what: "limit", name: "odoo inFlight", change: "changed", template: undefined, plant: 1 },
    { what: "system", name: "s4", change: "left out" },
    { what: "system", name: "press", change: "added" },
    { what: "mapping", name: "notes to odoo.apply", change: "another" },
    { what: "policy", name: "notes to odoo.apply retryCapMs", change: "changed", template: undefined, plant: 60_000 },
    { what: "policy", name: "notes to odoo.apply owner", change: "changed", template: undefined, plant: "pune" },
    { what: "way", name: "notes to s4.apply", change: "left out" },
    { what: "flow", name: "ids", change: "left out" },
    { what: "flow", name: "pressed", change: "added" },
  ]);
});

test("a plant like its template differs in what each plant has to say, and in nothing else", () => {
  expect(plantDifferences(hamburg()).map(({ what, name, change }) => `${what} ${name} ${change}`)).toEqual([
    "parameter site given",
    "parameter key given",
  ]);
});

test.each([
  ["two plants of one name", () => aHub({ plants: [hamburg(), hamburg()] }), "Two plants are called hamburg."],
  [
    "a flow of a plant that sends to another plant",
    () => {
      const other = hamburg();
      const thief = plantTemplate({
        parameters: {},
        systems: {},
        flows: {
          notes: () => flow("n", note).to({ ...anErp("x").book, system: odooOf(other) }, ({ id }) => ({ text: id })),
        },
      });
      return aHub({ plants: [other, plant("pune", thief, { parameters: {} })] });
    },
    "Flow pune/notes of plant pune sends to hamburg/odoo",
  ],
  [
    "a flow beside the plants that would send facts of all of them to one",
    () => {
      const one = hamburg();
      const book = { ...anErp("x").book, system: odooOf(one) };
      return aHub({ plants: [one], flows: [flow("all", note).to(book, ({ id }) => ({ text: id }))] });
    },
    "Flow all sends facts of all plants to hamburg/odoo; say with from",
  ],
  ["a name that is none", () => plant("Werk 1", template, { parameters: { site: "", key } }), "can't be called"],
  [
    "a system made once for all plants",
    () => {
      const shared = new MemorySystem("odoo").definition;
      return plant("pune", plantTemplate({ parameters: {}, systems: { odoo: () => shared }, flows: {} }), {
        parameters: {},
      });
    },
    "The system that is to be pune/odoo is called odoo.",
  ],
  [
    "an added system that the template has",
    () =>
      plant("pune", template, { parameters: { site: "", key }, add: { systems: { odoo: ({ name }) => anErp(name) } } }),
    "adds a system odoo, which its template has",
  ],
])("%s is refused in a sentence", (_what, declare, sentence) => {
  expect(declare).toThrow(sentence);
});

test("a definition that was defined once may be defined again", () => {
  const hub = aHub({ plants: [hamburg()] });
  expect(defineHub(hub).systems).toEqual(hub.systems);
});
