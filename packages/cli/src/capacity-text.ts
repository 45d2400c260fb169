import type { KnownCalibration } from "./capacity-constants.ts";
import type { Capacity } from "./capacity.ts";
import { drawTable } from "./table.ts";
import { counted, showBytes, showDuration } from "./times.ts";

/** What `lineshaft capacity` shows to people. */
export function capacityText(capacity: Capacity, calibration: KnownCalibration, width = 120): string {
  const { warnings, assumptions } = capacity;
  return [
    drawTable(
      rowsOf(capacity),
      [
        { title: "what", show: (r) => r.what },
        { title: "figure", show: (r) => r.figure },
        { title: "of it", show: (r) => r.note },
      ],
      width,
    ),
    ...systemsText(capacity, width),
    "",
    ...warnings.map((line) => `WARNING ${line}`),
    ...(warnings.length > 0 ? [""] : []),
    constantsText(calibration),
    "",
    "Assumed:",
    ...assumptions.map((line) => `  ${line}`),
  ].join("\n");
}

interface Row {
  what: string;
  figure: string;
  note: string;
}

function rowsOf({ storage, rates, workers, writes, outage }: Capacity): Row[] {
  const grows = storage.steady === null;
  return [
    row("messages per second", number(rates.averagePerSecond), `${number(rates.peakPerSecond)} in the busiest second`),
    row("storage per month", showBytes(storage.perMonth), `${showBytes(storage.perMessage)} for each message`),
    row(
      grows ? "storage after a year" : "storage, steady",
      showBytes(storage.steady ?? storage.afterYear),
      grows ? "and on: something is kept for good" : "as much is deleted as comes in",
    ),
    row(
      "workers",
      String(workers.needed),
      `${percent(workers.averageShare)} busy on average, ${percent(workers.peakShare)} in the busiest second`,
    ),
    row("one worker does", `${number(workers.ceilingPerSecond)}/s`, "messages of this mix, to all their targets"),
    row(
      "ledger commits",
      `${number(writes.commits)}/s`,
      `at most ${number(writes.peakCommits)}/s in the busiest second`,
    ),
    row("ledger rows", `${number(writes.rows)}/s`, `${number(writes.peakRows)}/s in the busiest second`),
    row(
      `after ${number(outage.hours)} h without targets`,
      counted(Math.round(outage.messages), "message"),
      `${counted(Math.round(outage.deliveries), "delivery", "deliveries")}, ${showBytes(outage.bytes)}`,
    ),
    row("caught up in", catchUpText(outage.catchUpSeconds), `with normal traffic; it waits for ${outage.limitedBy}`),
  ];
}

function row(what: string, figure: string, note: string): Row {
  return { what, figure, note };
}

function systemsText({ systems }: Capacity, width: number): string[] {
  if (systems.length === 0) return [];
  const table = drawTable(
    systems,
    [
      { title: "system", show: (s) => s.system },
      { title: "sent per second", show: (s) => number(s.averagePerSecond) },
      { title: "busiest", show: (s) => number(s.peakPerSecond) },
      { title: "takes", show: (s) => (s.takesPerSecond === null ? "not said" : number(s.takesPerSecond)) },
      { title: "caught up in", show: (s) => (s.takesPerSecond === null ? "" : catchUpText(s.catchUpSeconds)) },
    ],
    width,
  );
  return ["", table];
}

function constantsText({ from, machine, measuredOn, engine }: KnownCalibration): string {
  if (from !== undefined) return `Constants of ${from}: ${engine}, ${machine}, measured on ${measuredOn}.`;
  return `Constants measured on ${machine}, not on your machine. Measure yours: npm run bench -- calibrate`;
}

function catchUpText(seconds: number | null): string {
  return seconds === null ? "never" : showDuration(seconds * 1_000);
}

function number(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: value >= 100 ? 0 : value >= 1 ? 1 : 3 });
}

function percent(share: number): string {
  return `${(share * 100).toLocaleString("en-US", { maximumFractionDigits: share < 0.1 ? 1 : 0 })} %`;
}
