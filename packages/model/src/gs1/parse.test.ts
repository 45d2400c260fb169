import * as fc from "fast-check";
import { expect, test } from "vitest";
import { identifierOf } from "./identifiers.ts";
import type { Identifier } from "./identifiers.ts";
import { checkDigitOf, formatGs1, parseGs1 } from "./index.ts";
import { checkPairOf } from "./check-digits.ts";
import { isUnitCode } from "../units.ts";
import { identifierTable } from "./table.ts";

const now = Date.UTC(2026, 0, 5);
const GS = "\u001d";
const parse = (text: string) => parseGs1(text, { now });
const pairs = (text: string) => parse(text).elements.map(({ ai, value }) => `${ai}=${value}`);
const meaning = (text: string) => parse(text).elements.at(-1)?.meaning;
const fixes = (text: string) => parse(text).findings.map(({ fix }) => fix);

test.each([
  ["]C1010401234567890110L-77", ["01=04012345678901", "10=L-77"]],
  [`]d201040123456789011727013110L-77${GS}21S1`, ["01=04012345678901", "17=270131", "10=L-77", "21=S1"]],
  [`]Q3${GS}10L-77${GS}0104012345678901`, ["10=L-77", "01=04012345678901"]],
  ["]e00104012345678901", ["01=04012345678901"]],
  ["]J100340123450000000017", ["00=340123450000000017"]],
  ["]E04006381333931", ["01=04006381333931"]],
  ["]Q1https://id.gs1.org/01/04012345678901", ["01=04012345678901"]],
  ["(01)04012345678901 (10)L(7)7", ["01=04012345678901", "10=L(7)7"]],
  [
    "https://shop.example/de/p/01/4012345678901/10/L%2F7?17=270131&linkType=gs1:pip#top",
    ["01=04012345678901", "10=L/7", "17=270131"],
  ],
])("%j is read", (text, expected) => {
  expect(fixes(text)).toEqual([]);
  expect(pairs(text)).toEqual(expected);
});

test.each([
  ["(3103)001250", { kind: "measure", quantity: { value: "1.25", unit: "KGM" } }],
  ["(3205)000001", { kind: "measure", quantity: { value: "0.00001", unit: "LBR" } }],
  ["(3100)000000", { kind: "measure", quantity: { value: "0", unit: "KGM" } }],
  ["(30)00012", { kind: "count", count: "12" }],
  ["(3922)1299", { kind: "amount", amount: "12.99" }],
  ["(3932)9781299", { kind: "amount", amount: "12.99", currency: "978" }],
  ["(17)260228", { kind: "date", date: "2026-02-28", dayGiven: true }],
  ["(17)280200", { kind: "date", date: "2028-02-29", dayGiven: false }],
  ["(11)760101", { kind: "date", date: "2076-01-01", dayGiven: true }],
  ["(11)770101", { kind: "date", date: "1977-01-01", dayGiven: true }],
  ["(8008)260105063059", { kind: "dateTime", date: "2026-01-05", time: "06:30:59" }],
  ["(8008)26010506", { kind: "dateTime", date: "2026-01-05", time: "06:00:00" }],
  ["(7003)2601050630", { kind: "dateTime", date: "2026-01-05", time: "06:30:00" }],
  ["(7007)260105260107", { kind: "dates", date: "2026-01-05", lastDate: "2026-01-07" }],
  ["(7250)19800229", { kind: "date", date: "1980-02-29", dayGiven: true }],
  ["(414)4012345000009", { kind: "key" }],
  ["(8013)1987654Ad4X4bL5ttr2310c2K", { kind: "key" }],
  ["(10)L-77", { kind: "text" }],
])("%s means %j", (text, expected) => {
  expect(fixes(text)).toEqual([]);
  expect(meaning(text)).toEqual(expected);
});

test("the century is the one that brings the year nearest (49 back, 50 ahead)", () => {
  const year = (yy: string, at: number) => {
    const [element] = parseGs1(`(11)${yy}0101`, { now: Date.UTC(at, 5, 1) }).elements;
    return element?.meaning.kind === "date" ? element.meaning.date.slice(0, 4) : undefined;
  };
  const years = [year("99", 2026), year("77", 2026), year("76", 2026), year("02", 1999), year("49", 2098)];
  expect(years).toEqual(["1999", "1977", "2076", "2002", "2049"]);
});

test.each<[string, string, RegExp, number]>([
  ["a wrong check digit", "0104012345678902", /AI 01 \(GTIN\): the check digit is 2 and should be 1/, 0],
  ["a wrong check digit of an SSCC", "(00)340123450000000011", /should be 7/, 0],
  ["a wrong pair of check characters", "(8013)1987654Ad4X4bL5ttr2310c2L", /are 2L and should be 2K/, 0],
  ["a day that does not exist", "(01)04012345678901(17)260230", /no such day/, 18],
  [
    "a separator that is missing",
    "10L-77170131170131170131170131",
    /takes 1 to 20 characters, not 28\. A separator/,
    0,
  ],
  ["a value cut short", `01040123456789${GS}10A`, /takes 14 characters, not 12\. Correct/, 0],
  ["an unknown identifier", `]C105ABC${GS}10A`, /No application identifier begins with 05AB/, 3],
  ["a letter among digits", "(30)1O", /takes digits only, not "O"/, 0],
  ["a character outside of the set", "(10)Ü", /takes the characters of GS1's set 82 only, not "Ü"/, 0],
  ["two values of one element", "(10)A(10)B", /stands twice, with A and B/, 5],
  ["another symbology", "]C0ABC", /\]C0 carries no GS1 data/, 0],
  ["nothing", "", /is empty/, 0],
  ["a compressed link", "https://id.gs1.org/ARFKk4XB0CDKWcnpq", /compressed Digital Link/, 19],
  ["a web page", "https://shop.example/pump", /no GS1 key/, 0],
  ["qualifiers out of order", "https://id.gs1.org/01/04012345678901/21/S/10/L", /22, 10, 21 or 235, in this order/, 37],
  ["a broken escape", "https://id.gs1.org/01/04012345678901?10=%E4", /not percent-encoded as UTF-8/, 37],
])("%s is told with its place and what to do", (_, text, fix, position) => {
  const [first] = parse(text).findings;
  expect(first?.fix).toMatch(fix);
  expect(first?.position).toBe(position);
});

test("another sign for FNC1 can be named, and none at all is GS", () => {
  const read = (separator: string, text: string) =>
    parseGs1(text, { now, separator }).elements.map(({ value }) => value);
  expect(read("<GS>", "10L-77<GS>21S1")).toEqual(["L-77", "S1"]);
  expect(read("", `10L-77${GS}21S1`)).toEqual(["L-77", "S1"]);
});

test("what is wrong does not hide what is right", () => {
  const { elements, findings } = parse("]d2010401234567890210L-77");
  expect(elements.map(({ ai }) => ai)).toEqual(["10"]);
  expect(findings).toEqual([
    {
      position: 3,
      ai: "01",
      rule: "gs1.check-digit",
      value: "04012345678902",
      fix: expect.stringContaining("should be 1"),
    },
  ]);
});

test("every unit of the table is one of the model, and no identifier begins another", () => {
  const units = identifierTable.flatMap(({ unit }) => unit ?? []);
  expect(units.filter((unit) => !isUnitCode(unit))).toEqual([]);
  const all = identifierTable.map(({ ai }) => ai);
  expect(all.filter((ai) => all.some((other) => other !== ai && other.startsWith(ai)))).toEqual([]);
});

const set82 = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz".split("");
const digits = (count: number) =>
  fc.string({ unit: fc.constantFrom(..."0123456789".split("")), minLength: count, maxLength: count });
const text = (most: number) => fc.string({ unit: fc.constantFrom(...set82), minLength: 1, maxLength: most });
const key = (count: number) => digits(count - 1).map((body) => body + checkDigitOf(body));
const day = fc
  .date({ min: new Date("1980-01-01"), max: new Date("2070-01-01"), noInvalidDate: true })
  .map((date) => date.toISOString().slice(2, 10).replaceAll("-", ""));

const element = fc.oneof(
  fc.record({ ai: fc.constantFrom("00", "8017"), value: key(18) }),
  fc.record({ ai: fc.constantFrom("01", "02"), value: key(14) }),
  fc.record({ ai: fc.constantFrom("410", "414", "416"), value: key(13) }),
  fc.record({ ai: fc.constantFrom("11", "15", "17"), value: day }),
  fc.record({ ai: fc.constantFrom("10", "21"), value: text(20) }),
  fc.record({ ai: fc.constantFrom("91", "99"), value: text(90) }),
  fc.record({ ai: fc.constantFrom("3100", "3105", "3152", "3572"), value: digits(6) }),
  fc.record({ ai: fc.constantFrom("30", "37"), value: fc.nat(99_999_999).map(String) }),
);
const elements = fc.uniqueArray(element, { minLength: 1, maxLength: 8, selector: ({ ai }) => ai });

test.each(["elements", "bracketed"] as const)("what is formatted as %s reads the same", (form) => {
  fc.assert(
    fc.property(elements, (given) => {
      const formatted = formatGs1(given, { form, now });
      if (!formatted.ok) throw new Error(JSON.stringify(formatted.findings));
      const read = parse(formatted.text);
      expect(read.findings).toEqual([]);
      expect(read.elements.map(({ ai, value }) => ({ ai, value }))).toEqual(given);
    }),
  );
});

test("what is formatted as a link has the same elements", () => {
  fc.assert(
    fc.property(key(14), elements, (gtin, others) => {
      const rest = others.filter(({ ai }) => !["00", "01", "414", "8017"].includes(ai));
      const given = [...rest, { ai: "01", value: gtin }];
      const formatted = formatGs1(given, { form: "digital-link", domain: "https://shop.example/p/", now });
      if (!formatted.ok) throw new Error(JSON.stringify(formatted.findings));
      const read = parse(formatted.text);
      expect(read).toMatchObject({ form: "digital-link", findings: [] });
      const sorted = (list: { ai: string; value: string }[]) =>
        list.map(({ ai, value }) => `${ai}=${value}`).toSorted();
      expect(sorted(read.elements)).toEqual(sorted(given));
    }),
  );
});

test("a digit that was misread is always noticed", () => {
  fc.assert(
    fc.property(
      fc.constantFrom([14, "01"] as const, [18, "00"] as const, [13, "414"] as const),
      fc.nat(),
      fc.integer({ min: 1, max: 9 }),
      fc.infiniteStream(fc.nat(9)),
      ([length, ai], place, by, stream) => {
        const body = Array.from({ length: length - 1 }, () => stream.next().value ?? 0).join("");
        const right = body + checkDigitOf(body);
        const at = place % right.length;
        const wrong = right.slice(0, at) + ((Number(right[at]) + by) % 10) + right.slice(at + 1);
        expect(parse(`(${ai})${right}`).findings).toEqual([]);
        expect(parse(`(${ai})${wrong}`).findings).toMatchObject([{ rule: "gs1.check-digit" }]);
      },
    ),
  );
});

test("no text makes it throw", () => {
  const some = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.stringMatching(/^(\]C1|\(01\)|https:\/\/a\/01\/)?[0-9()%/?=A-Z]*$/),
  );
  fc.assert(
    fc.property(some, (anything) => {
      const { elements: read, findings } = parse(anything);
      expect(read.length + findings.length).toBeGreaterThan(0);
      for (const { position } of findings) expect(position).toBeLessThanOrEqual(Math.max(anything.length, 4_096));
    }),
    { numRuns: 500 },
  );
});

test("formatting refuses what would be no code", () => {
  const rules = (given: { ai: string; value: string }[], form: "elements" | "digital-link" = "elements") => {
    const formatted = formatGs1(given, { form, now });
    return formatted.ok ? [] : formatted.findings.map(({ rule }) => rule);
  };
  expect(rules([])).toEqual(["gs1.empty"]);
  expect(rules([{ ai: "05", value: "1" }])).toEqual(["gs1.identifier-unknown"]);
  expect(rules([{ ai: "01", value: "04012345678902" }])).toEqual(["gs1.check-digit"]);
  expect(
    rules([
      { ai: "10", value: "A" },
      { ai: "10", value: "B" },
    ]),
  ).toEqual(["gs1.repeated"]);
  expect(rules([{ ai: "10", value: "A" }], "digital-link")).toEqual(["gs1.link-key"]);
});

test("check digits and pairs are those of the General Specifications", () => {
  expect(checkDigitOf("0401234567890")).toBe("1");
  expect(checkDigitOf("34012345000000001")).toBe("7");
  expect(checkPairOf("1987654Ad4X4bL5ttr2310c")).toBe("2K");
  expect(identifierOf("3105")).toMatchObject({
    decimals: 5,
    unit: "KGM",
    predefined: true,
  } satisfies Partial<Identifier>);
});
