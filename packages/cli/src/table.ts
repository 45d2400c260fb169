/** One column: its heading and what it shows of a row. */
export interface Column<T> {
  title: string;
  show(row: T): string | number | null | undefined;
  /** Cut when the table is too wide for the terminal; others keep their width. */
  flexible?: boolean;
}

const GAP = "  ";
/** A flexible column is not cut below this. */
const NARROWEST = 12;

/** Rows under headings, numbers to the right, the flexible columns cut so that a line fits into `width`. */
export function drawTable<T>(rows: readonly T[], columns: readonly Column<T>[], width: number): string {
  const cells = rows.map((row) => columns.map((column) => plain(column.show(row))));
  const natural = columns.map((column, at) =>
    Math.max(column.title.length, ...cells.map((row) => row[at]?.length ?? 0)),
  );
  const widths = fit(natural, columns, width);
  const numeric = columns.map((column) => rows.length > 0 && rows.every((row) => typeof column.show(row) === "number"));
  const line = (values: readonly string[]): string =>
    values
      .map((value, at) => pad(value, widths[at] ?? 0, numeric[at] ?? false))
      .join(GAP)
      .trimEnd();
  return [line(columns.map((column) => column.title.toUpperCase())), ...cells.map(line)].join("\n");
}

function fit(natural: readonly number[], columns: readonly Column<never>[], width: number): number[] {
  const flexible = columns.map((column) => column.flexible ?? false);
  const fixed = natural.filter((_, at) => !flexible[at]).reduce((sum, w) => sum + w, 0);
  const share = flexible.filter(Boolean).length;
  let left = width - fixed - GAP.length * (columns.length - 1);
  let waiting = share;
  // Narrow ones first: what they do not need goes to the wide ones.
  const order = natural.map((_, at) => at).filter((at) => flexible[at]);
  order.sort((a, b) => (natural[a] ?? 0) - (natural[b] ?? 0));
  const widths = [...natural];
  for (const at of order) {
    const given = Math.max(NARROWEST, Math.min(natural[at] ?? 0, Math.floor(left / waiting)));
    widths[at] = given;
    left -= given;
    waiting--;
  }
  return widths;
}

function pad(value: string, width: number, right: boolean): string {
  const cut = value.length > width ? `${value.slice(0, Math.max(1, width - 1))}…` : value;
  return right ? cut.padStart(width) : cut.padEnd(width);
}

function plain(value: string | number | null | undefined): string {
  // A line end or tab within a cell would break the table.
  return value === null || value === undefined ? "" : String(value).replaceAll(/\s+/g, " ");
}
