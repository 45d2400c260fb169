import { LineshaftError } from "@lineshaft/core";

/** One changed place: JSON pointer (RFC 6901), value before and after; a missing one is left out. */
export interface Change {
  field: string;
  before?: unknown;
  after?: unknown;
}

/**
 * A copy with one place set. Where text stood, the new value is text (`12` stays `"12"`, as quantities are written);
 * elsewhere it is read as JSON if it is JSON, and taken as text if not. `-` appends to a list.
 * @throws LineshaftError `usage` when the place cannot be there
 */
export function setAtPointer(value: unknown, pointer: string, text: string): unknown {
  const steps = pointer
    .split("/")
    .slice(1)
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
  const root: { "": unknown } = { "": structuredClone(value) };
  let holder: Record<string, unknown> = root;
  let name = "";
  for (const step of steps) {
    const inner = holder[name];
    if (typeof inner !== "object" || inner === null)
      throw new LineshaftError("usage", `There is nothing to set at ${pointer}.`, {
        next: "Set the whole part above it as JSON, or look at the payload with lineshaft trace --payloads.",
      });
    holder = inner as Record<string, unknown>;
    name = Array.isArray(inner) && step === "-" ? String(inner.length) : step;
    if (name === "__proto__")
      throw new LineshaftError("usage", "No field is called __proto__.", { next: "Correct the pointer." });
    if (Array.isArray(inner) && !/^\d{1,6}$/.test(name))
      throw new LineshaftError("usage", `${step} in ${pointer} is no place of a list.`, {
        next: "Use its number, from 0, or - to append.",
      });
  }
  holder[name] = typeof holder[name] === "string" ? text : jsonOrText(text);
  return root[""];
}

/** What differs between two JSON values, place by place. */
export function changesBetween(before: unknown, after: unknown, field = ""): Change[] {
  if (Object.is(before, after)) return [];
  if (!isContainer(before) || !isContainer(after) || Array.isArray(before) !== Array.isArray(after))
    return [{ field, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) }];
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].flatMap((name) =>
    changesBetween(before[name], after[name], `${field}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`),
  );
}

function isContainer(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // Not JSON, so it is meant as text.
    return text;
  }
}
