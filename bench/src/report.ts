/** What one bench or campaign found out. Figures are medians of rounds within one run, unless their name says otherwise. */
export interface Report {
  name: string;
  settings: Record<string, string | number | boolean>;
  figures: Record<string, number>;
  /** Sentences for people: what was skipped and why, what a figure may not be read as. */
  notes?: readonly string[];
}

/** One object on one line, for machines; the notes are left out, because people read them. */
export function asJson({ name, settings, figures }: Report): string {
  return JSON.stringify({ name, settings, figures });
}

/** A block of lines for people. */
export function asText({ name, settings, figures, notes = [] }: Report): string {
  const width = Math.max(0, ...Object.keys(figures).map((figure) => figure.length));
  return [
    `${name}  (${Object.entries(settings)
      .map(([setting, value]) => `${setting} ${String(value)}`)
      .join(", ")})`,
    ...Object.entries(figures).map(([figure, value]) => `  ${figure.padEnd(width)}  ${shown(value)}`),
    ...notes.map((note) => `  ${note}`),
  ].join("\n");
}

/** Whole numbers from a hundred on, else three digits. */
export function rounded(value: number): number {
  return Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3));
}

function shown(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: 3 }).padStart(12);
}
