import * as fc from "fast-check";
import { expect, test } from "vitest";
import { compileTopic } from "./topic-template.ts";

test.each([
  [
    "plant/{site}/{line}/completion",
    "plant/+/+/completion",
    "plant/hamburg/press/completion",
    { site: "hamburg", line: "press" },
  ],
  ["{enterprise}/_v1/{rest*}", "+/_v1/#", "acme/_v1/a/b/c", { enterprise: "acme", rest: "a/b/c" }],
  [
    "v1/{enterprise}/{site}/{area}/{line}/{cell}/_completion/{name*}",
    "v1/+/+/+/+/+/_completion/#",
    "v1/acme/hamburg/stamping/line-2/press-4/_completion/orders/done",
    { enterprise: "acme", site: "hamburg", area: "stamping", line: "line-2", cell: "press-4", name: "orders/done" },
  ],
  ["plant/{rest*}", "plant/#", "plant", { rest: "" }],
  ["{all*}", "#", "a/b", { all: "a/b" }],
  ["plant/+/{line}/#", "plant/+/+/#", "plant/x/press/y/z", { line: "press" }],
  ["a.b/{x}/$c", "a.b/+/$c", "a.b//$c", { x: "" }],
])("%s is subscribed to as %s and reads %s", (template, filter, topic, fields) => {
  const compiled = compileTopic(template);
  expect(compiled.filter).toBe(filter);
  expect(compiled.match(topic)).toEqual(fields);
});

test.each([
  ["plant/{site}/completion", "plant/hamburg/press/completion"],
  ["plant/{site}", "plant"],
  ["a.b/{x}", "aXb/1"],
  ["plant/{rest*}", "plants/a"],
])("%s does not take %s", (template, topic) => {
  expect(compileTopic(template).match(topic)).toBeUndefined();
});

test.each([
  ["", "is empty"],
  ["plant/line-{line}", 'has a level "line-{line}"'],
  ["plant/{li ne}", 'has a level "{li ne}"'],
  ["plant/{rest*}/x", "has levels after {rest*}"],
  ["plant/#/x", "has levels after #"],
  ["plant/a+", 'has a level "a+"'],
  ["{a}/{a}", "has two fields a"],
  ["$share/group/a", "names a share"],
])("%j is refused by configuration", (template, message) => {
  expect(() => compileTopic(template)).toThrow(
    expect.objectContaining({ code: "config-invalid", message: expect.stringContaining(message) }),
  );
});

test("the fields put back into the template give the topic again", () => {
  const level = fc.string({ unit: "grapheme", maxLength: 20 }).map((text) => text.replaceAll(/[/+#{}\0]/g, ""));
  fc.assert(
    fc.property(level, level, fc.array(level, { minLength: 1, maxLength: 4 }), (site, line, rest) => {
      const topic = ["plant", site, line, ...rest].join("/");
      expect(compileTopic("plant/{site}/{line}/{rest*}").match(topic)).toEqual({ site, line, rest: rest.join("/") });
    }),
  );
});
