import * as fc from "fast-check";
import { expect, test } from "vitest";
import { splitArray, splitLines } from "./json-items.ts";

const texts = (split: ReturnType<typeof splitArray>) => ("items" in split ? split.items.map(String) : split.problem);

test("an array is cut into its items as they were written, whatever they are", () => {
  const space = fc.constantFrom("", " ", "\n\t", "\r\n ");
  const items = fc.array(fc.tuple(fc.json(), space, space), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(items, (list) => {
      const body = `[${list.map(([item, before, after]) => before + item + after).join(",")}]`;
      expect(texts(splitArray(Buffer.from(body), 100))).toEqual(list.map(([item]) => item.trim()));
    }),
  );
});

test("lines are cut at their ends, and empty ones passed over", () => {
  expect(texts(splitLines(Buffer.from('{"a":1}\r\n\n {"b":"\\n"} \n'), 100))).toEqual(['{"a":1}', '{"b":"\\n"}']);
  expect(texts(splitLines(Buffer.from(""), 100))).toEqual([]);
});

test.each([
  ["", "The body does not begin with `[`."],
  ['{"a":1}', "The body does not begin with `[`."],
  ["[1,2", "The array is not closed; the body ends after 4 bytes."],
  ['["never closed]', "The array is not closed; the body ends after 15 bytes."],
  ["[1]x", "Something follows the array at byte 3."],
  ["[}", "The array is closed by `}` at byte 1."],
])("%j is no array", (body, problem) => {
  expect(texts(splitArray(Buffer.from(body), 100))).toBe(problem);
});

test("an array with a comma too many has an empty item, to be refused by itself", () => {
  expect(texts(splitArray(Buffer.from("[1,,2,]"), 100))).toEqual(["1", "", "2", ""]);
  expect(texts(splitArray(Buffer.from("[ ]"), 100))).toEqual([]);
});

test("cutting ends with one item more than may be", () => {
  expect(texts(splitArray(Buffer.from(`[${"1,".repeat(1_000)}1]`), 3))).toHaveLength(4);
  expect(texts(splitLines(Buffer.from("1\n".repeat(1_000)), 3))).toHaveLength(4);
});
