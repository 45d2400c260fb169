/** SAP's change stamp, `YYYYMMDDhhmmss`, in a zone that SAP does not tell. */
export function isStamp(text: unknown): text is string {
  return typeof text === "string" && /^\d{14}$/.test(text) && !Number.isNaN(stampMs(text));
}

/** The stamp so much earlier, on a clock that knows no summer time. */
export function earlier(stamp: string, ms: number): string {
  return new Date(stampMs(stamp) - ms).toISOString().slice(0, 19).replaceAll(/\D/g, "");
}

function stampMs(stamp: string): number {
  const [date, time] = [stamp.slice(0, 8), stamp.slice(8)];
  return Date.parse(
    `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}T${time.slice(0, 2)}:${time.slice(2, 4)}:${time.slice(4)}Z`,
  );
}
