// What the page of gateways says, apart from how it draws it. No document, no network: tests run it as it is.
import { clockTime, counted, duration, number } from "./words.js";

/** Clocks that are further apart than this are worth a word, in ms. */
const SKEW_MS = 60_000;
/** A certificate that was not renewed this long before its end is worth a word, in ms. */
const CERTIFICATE_MS = 14 * 86_400_000;
/** A buffer that is fuller than this is worth a word. */
const FULL = 0.8;

/** Two of 3 linked. */
export function summary(rows) {
  const linked = rows.filter((row) => row.linked).length;
  return `${number(linked)} of ${counted(rows.length, "gateway")} linked`;
}

/** How a gateway is: tone, sentence, next step, and what else is worth a word. */
export function gatewaySentence(row, now) {
  const said = (tone, text, next = "") => ({ tone, text, next, hints: hintsOf(row, now) });
  const since = row.since === undefined ? "" : `${clockTime(row.since, now)} (${duration(now - row.since)})`;
  if (row.refused) return said("bad", row.refused);
  if (row.heardAt === undefined)
    return said(
      "idle",
      "Never heard of.",
      `Make a code with lineshaft gateway code ${row.gateway}, and enrol it in the plant.`,
    );
  if (!row.linked)
    return said(
      "warn",
      `Not heard of since ${since}. What its plant tells is kept there.`,
      "Look at the line to the plant, and at the gateway's own page.",
    );
  if (row.holdingSince !== undefined)
    return said(
      "bad",
      `Holds its sources back since ${clockTime(row.holdingSince, now)}: its buffer is full of facts that must not be shed.`,
      "It goes on by itself as they come up. If it does not, look at its page.",
    );
  if (row.problem) return said("bad", row.problem, "Look at the gateway's own page and log.");
  if (row.configurationRefusal)
    return said(
      "warn",
      `Refuses configuration ${row.wanted}: ${row.configurationRefusal}`,
      row.configuration === undefined
        ? "Nothing runs there. Correct it, then publish again."
        : `Version ${row.configuration} goes on. Correct it, then publish again.`,
    );
  return said("good", `Linked since ${since}.`);
}

/** What stands beside it: name, value; nothing of one that was never heard of. */
export function figures(row, now) {
  if (row.heardAt === undefined) return [];
  const time = (ms) => (ms === undefined ? "never" : clockTime(ms, now));
  return [
    ["Last fact", time(row.factsAt)],
    ["Waiting there", row.facts === undefined ? "not told" : waiting(row, now)],
    ["Buffer", fill(row)],
    ["Shed", row.shed === undefined ? "not told" : counted(row.shed, "telemetry fact")],
    ["Clock", clock(row.skewMs)],
    ["Certificate", row.certificateTo === undefined ? "not shown" : `until ${day(row.certificateTo)}`],
    ["Program", row.program ?? "not told"],
    ["Configuration", configuration(row)],
  ];
}

function hintsOf(row, now) {
  const hints = [];
  if (row.certificateTo !== undefined && row.certificateTo - now < CERTIFICATE_MS)
    hints.push(`Its certificate ends on ${day(row.certificateTo)} and was not renewed. Enrol it again before then.`);
  if (Math.abs(row.skewMs ?? 0) > SKEW_MS) hints.push(`Its clock is ${clock(row.skewMs)}. Facts keep their own times.`);
  if (row.maxBytes > 0 && row.bytes / row.maxBytes > FULL) hints.push(`Its buffer is ${fill(row)} full.`);
  if (row.aside) hints.push(`Its buffer was damaged and set aside as ${row.aside}.`);
  if (row.unpublished)
    hints.push(`The project declares another configuration: lineshaft gateway publish ${row.gateway} --why "…"`);
  return hints;
}

function day(ms) {
  return new Date(ms).toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric" });
}

function waiting({ facts, oldest }, now) {
  return `${counted(facts, "fact")}${oldest === undefined ? "" : `, the oldest of ${clockTime(oldest, now)}`}`;
}

function fill({ bytes, maxBytes }) {
  if (bytes === undefined) return "not told";
  const megabytes = (value) => (value / 1_048_576).toFixed(1);
  return `${((100 * bytes) / maxBytes).toFixed(1)} %, ${megabytes(bytes)} of ${number(Math.round(maxBytes / 1_048_576))} MB`;
}

function clock(skewMs) {
  if (skewMs === undefined) return "not compared";
  if (Math.abs(skewMs) < 1_000) return "as the hub's";
  return `${duration(Math.abs(skewMs))} ${skewMs > 0 ? "ahead of" : "behind"} the hub's`;
}

function configuration({ configuration: runs, wanted }) {
  if (runs === undefined) return wanted === undefined ? "none sent" : `none yet, shall run version ${wanted}`;
  return wanted === undefined || wanted === runs ? `version ${runs}` : `version ${runs}, shall run version ${wanted}`;
}
