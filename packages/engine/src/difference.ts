/** One changed place: JSON pointer (RFC 6901), value before and after; a missing one is left out. */
export interface Change {
  field: string;
  before?: unknown;
  after?: unknown;
}

/** What differs between two JSON values, place by place. Arrays are compared by position. */
export function difference(before: unknown, after: unknown, field = ""): Change[] {
  if (Object.is(before, after)) return [];
  if (!isContainer(before) || !isContainer(after) || Array.isArray(before) !== Array.isArray(after))
    return [{ field, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) }];
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].flatMap((name) =>
    difference(before[name], after[name], `${field}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`),
  );
}

function isContainer(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
