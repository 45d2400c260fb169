/** Whether a value is an object with named fields, not a list. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A field of something that need not be an object. */
export function fieldOf(value: unknown, name: string): unknown {
  return isObject(value) ? value[name] : undefined;
}

/** `JSON.parse` that says what it is: nobody knows what comes out. */
export function parseJson(text: string): unknown {
  return JSON.parse(text);
}
