import { SapRefusal } from "./refusal.ts";

/** ISO code, code inside of SAP: a part of table T006. */
const units: readonly (readonly [string, string])[] = [
  ["PCE", "ST"],
  ["EA", "EA"],
  ["KGM", "KG"],
  ["GRM", "G"],
  ["TNE", "TO"],
  ["LTR", "L"],
  ["MLT", "ML"],
  ["MTR", "M"],
  ["MMT", "MM"],
  ["CMT", "CM"],
  ["MTK", "M2"],
  ["MTQ", "M3"],
  ["HUR", "H"],
  ["MIN", "MIN"],
  ["SEC", "S"],
  ["DAY", "TAG"],
  ["KWH", "KWH"],
  ["BX", "KAR"],
  ["PA", "PAK"],
];

const byIso = new Map(units);
const bySap = new Map(units.map(([iso, sap]) => [sap, iso]));

export function sapUnit(iso: string): string {
  const unit = byIso.get(iso);
  if (unit === undefined) throw new SapRefusal(400, "BM/302", `Unit ${iso} is not created as an ISO code`);
  return unit;
}

export function isoUnit(sap: string): string {
  const unit = bySap.get(sap);
  if (unit === undefined) throw new SapRefusal(400, "BM/301", `Unit ${sap} is not created in language EN`);
  return unit;
}

/** The unit that a body names in one of SAP's three ways, or the given one when it names none. */
export function unitIn(body: Readonly<Record<string, unknown>>, prefix: string, otherwise: string): string {
  const iso = body[`${prefix}ISOCode`];
  if (typeof iso === "string" && iso !== "") return sapUnit(iso);
  const code = body[`${prefix}SAPCode`] ?? body[prefix];
  if (typeof code !== "string" || code === "") return otherwise;
  isoUnit(code);
  return code;
}
