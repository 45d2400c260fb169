import { expect, test } from "vitest";
import type { Secret } from "@lineshaft/core";
import { MemorySystem, level, note } from "@lineshaft/testing";
import { flow, plant, plantTemplate, required } from "./index.ts";

interface Booking {
  text: string;
}

/** A system with one typed operation, as connectors make them. */
function anErp(name: string, _url: string) {
  const { definition, operation } = new MemorySystem<Booking>(name);
  return Object.assign(definition, { book: operation });
}

const template = plantTemplate({
  parameters: { url: required<string>(), key: required<Secret | undefined>(), zone: "Europe/Berlin" },
  systems: {
    mes: ({ name }) => new MemorySystem(name).definition,
    erp: ({ name, parameters }) => anErp(name, parameters.url),
  },
  flows: {
    notes: ({ systems, parameters }) =>
      flow("notes", note).to(systems.erp.book, ({ key }) => ({ text: `${key} ${parameters.zone}` })),
  },
});
const parameters = { url: "https://erp.example", key: undefined };

test("overrides that fit compile", () => {
  const made = plant("pune", template, {
    parameters: { ...parameters, zone: "Asia/Kolkata" },
    limits: { erp: { inFlight: 2 } },
    policies: { notes: { retryCapMs: 60_000 } },
    without: { systems: ["mes"] },
    replace: {
      flows: { notes: ({ template: made, systems }) => made.remap(systems.erp.book, ({ id }) => ({ text: id })) },
    },
    add: {
      systems: { press: ({ name }) => anErp(name, "") },
      flows: { more: ({ systems }) => flow("more", note).to(systems.press.book, ({ id }) => ({ text: id })) },
    },
  });
  expect(made.systems.map(({ name }) => name)).toEqual(["pune/erp", "pune/press"]);
  expect(made.flows.map(({ name }) => name)).toEqual(["pune/notes", "pune/more"]);
});

test("an override that does not fit does not compile", () => {
  const wrong: (() => unknown)[] = [
    // @ts-expect-error the plant does not say its url
    () => plant("pune", template, { parameters: { key: undefined } }),
    // @ts-expect-error a zone is a text
    () => plant("pune", template, { parameters: { ...parameters, zone: 5 } }),
    // @ts-expect-error the template has no parameter `colour`
    () => plant("pune", template, { parameters: { url: "", key: undefined, colour: "red" } }),
    // @ts-expect-error the template has no system `odoo`
    () => plant("pune", template, { parameters, limits: { odoo: { inFlight: 2 } } }),
    // @ts-expect-error a limit `inflight` does not exist
    () => plant("pune", template, { parameters, limits: { erp: { inflight: 2 } } }),
    // @ts-expect-error the template has no flow `completions`
    () => plant("pune", template, { parameters, policies: { completions: {} } }),
    // @ts-expect-error the template has no system `odoo` to leave out
    () => plant("pune", template, { parameters, without: { systems: ["odoo"] } }),
    () =>
      plant("pune", template, {
        parameters,
        // @ts-expect-error a system that takes its place needs its operations
        replace: { systems: { erp: ({ name }) => new MemorySystem(name).definition } },
      }),
    () =>
      plant("pune", template, {
        parameters,
        replace: {
          // @ts-expect-error the contract has no `order`
          flows: { notes: ({ template: made, systems }) => made.remap(systems.erp.book, (n) => ({ text: n.order })) },
        },
      }),
    () =>
      plant("pune", template, {
        parameters,
        // @ts-expect-error a flow that takes its place takes the same contract
        replace: { flows: { notes: () => flow("notes", level) } },
      }),
  ];
  expect(wrong).toHaveLength(10);
});

test("a replaced mapping is held to the contract and the operation", () => {
  const of = (system: ReturnType<typeof anErp>) => flow("notes", note).to(system.book, ({ id }) => ({ text: id }));
  const erp = anErp("erp", "");
  // @ts-expect-error the contract has no `order`
  of(erp).remap(erp.book, (n) => ({ text: n.order }));
  // @ts-expect-error the operation knows no `colour`
  of(erp).remap(erp.book, (n) => ({ text: n.id, colour: "red" }));
  expect(of(erp).remap(erp.book, (n) => ({ text: n.key })).routes).toHaveLength(1);
});
