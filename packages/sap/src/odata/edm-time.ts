/** A local date and time without zone, as SAP keeps them: `2026-01-05` and `08:15:00`. */
export interface LocalTime {
  date: string;
  time: string;
}

/** Edm.DateTime in JSON, for a calendar day: milliseconds of its midnight as if it were UTC. */
export function toJsonDate(day: string): string {
  return `/Date(${Date.parse(`${day}T00:00:00Z`)})/`;
}

/**
 * The local date and time that an Edm.DateTime in JSON shows. An offset, `/Date(…+0060)/`, is only ever sent for
 * Edm.DateTimeOffset; its milliseconds are UTC all the same.
 * @returns undefined for null, an empty field and SAP's initial date
 */
export function fromJsonDate(value: unknown): LocalTime | undefined {
  if (typeof value !== "string" || value === "") return undefined;
  const match = /^\/Date\((-?\d{1,15})(?:[+-]\d{1,4})?\)\/$/.exec(value);
  const iso = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}/.exec(value)?.[0];
  const date = new Date(match?.[1] === undefined ? Date.parse(`${iso ?? ""}Z`) : Number(match[1]));
  if (Number.isNaN(date.getTime())) throw new Error(`SAP sent ${JSON.stringify(value)} where a date was expected.`);
  const text = date.toISOString();
  return { date: text.slice(0, 10), time: text.slice(11, 19) };
}

/** Edm.Time in JSON: a duration since midnight, `PT08H15M00S`. */
export function toJsonTime(time: string): string {
  return `PT${time.slice(0, 2)}H${time.slice(3, 5)}M${time.slice(6, 8)}S`;
}

/**
 * `08:15:00` of an Edm.Time. SAP leaves parts out that are zero (`PT8H`) and says `PT24H00M00S` for the end of a day,
 * which is returned as `24:00:00`. Fractions of a second are cut.
 */
export function fromJsonTime(value: unknown): string | undefined {
  if (typeof value !== "string" || value === "") return undefined;
  const match = /^PT(?:(\d{1,2})H)?(?:(\d{1,2})M)?(?:(\d{1,2})(?:\.\d+)?S)?$/.exec(value);
  if (!match) throw new Error(`SAP sent ${JSON.stringify(value)} where a time was expected.`);
  return [match[1], match[2], match[3]].map((part) => (part ?? "0").padStart(2, "0")).join(":");
}
