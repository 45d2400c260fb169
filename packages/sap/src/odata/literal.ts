/** An OData V2 literal, ready to be put into a key, a filter or a function's parameters; not yet percent-encoded. */
export type Literal = { readonly literal: string };

/** Edm.String: in single quotes, a quote within doubled (OData V2, abstract type system). */
export function stringLiteral(value: string): Literal {
  return { literal: `'${value.replaceAll("'", "''")}'` };
}

/** Edm.Guid. `guid` as 8-4-4-4-12 hexadecimal digits. */
export function guidLiteral(guid: string): Literal {
  return { literal: `guid'${guid.toLowerCase()}'` };
}

/** Edm.DateTime at midnight of a calendar day, `2026-01-05`. */
export function dateLiteral(day: string): Literal {
  return { literal: `datetime'${day}T00:00:00'` };
}

/** One comparison of a filter: `OrderID eq '1'`. */
export function compare(field: string, operator: "eq" | "ge" | "gt" | "le" | "lt", value: Literal): string {
  return `${field} ${operator} ${value.literal}`;
}

/** A key in parentheses, percent-encoded for a path: `(ConfirmationGroup='1',ConfirmationCount='2')`. */
export function keyPath(key: Readonly<Record<string, Literal>>): string {
  const parts = Object.entries(key).map(([name, value]) => `${name}=${encodeLiteral(value.literal)}`);
  return `(${parts.join(",")})`;
}

/** A query string with its question mark, or nothing. Values are percent-encoded. */
export function queryString(query: Readonly<Record<string, string | Literal | undefined>>): string {
  const parts: string[] = [];
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue;
    const text = typeof value === "string" ? value : value.literal;
    parts.push(`${encodeURIComponent(name).replace("%24", "$")}=${encodeLiteral(text)}`);
  }
  return parts.length === 0 ? "" : `?${parts.join("&")}`;
}

/** Quotes and parentheses are legal in a URL, but they mean something in a key; within a literal they are encoded. */
function encodeLiteral(text: string): string {
  return encodeURIComponent(text).replaceAll("'", "%27").replaceAll("(", "%28").replaceAll(")", "%29");
}
