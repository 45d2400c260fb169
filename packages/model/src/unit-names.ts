import { isUnitCode } from "./units.ts";

/** No name of a unit is longer, in characters; more is not looked at. */
const LONGEST_NAME_CHARS = 40;

type Pair = readonly [name: string, unit: string];

/**
 * SAP's internal unit codes (table T006, language independent). Where several codes mean one unit, the first is the one
 * we write.
 */
const sapPairs: readonly Pair[] = [
  ["ST", "H87"],
  ["ST", "C62"],
  ["EA", "EA"],
  ["PAA", "PR"],
  ["DZ", "DZN"],
  ["GRO", "GRO"],
  ["TS", "MIL"],
  ["KG", "KGM"],
  ["G", "GRM"],
  ["MG", "MGM"],
  ["TO", "TNE"],
  ["LB", "LBR"],
  ["OZ", "ONZ"],
  ["TON", "STN"],
  ["M", "MTR"],
  ["DM", "DMT"],
  ["CM", "CMT"],
  ["MM", "MMT"],
  ["MIM", "4H"],
  ["NAM", "C45"],
  ["KM", "KMT"],
  ['"', "INH"],
  ["FT", "FOT"],
  ["YD", "YRD"],
  ["MI", "SMI"],
  ["M2", "MTK"],
  ["CM2", "CMK"],
  ["MM2", "MMK"],
  ["KM2", "KMK"],
  ["HAR", "HAR"],
  ["FT2", "FTK"],
  ["YD2", "YDK"],
  ['"2', "INK"],
  ["ACR", "ACR"],
  ["L", "LTR"],
  ["ML", "MLT"],
  ["CL", "CLT"],
  ["HL", "HLT"],
  ["M3", "MTQ"],
  ["CD3", "DMQ"],
  ["CM3", "CMQ"],
  ["MM3", "MMQ"],
  ["FT3", "FTQ"],
  ["YD3", "YDQ"],
  ['"3', "INQ"],
  ["GAL", "GLL"],
  ["QT", "QTL"],
  ["PT", "PTL"],
  ["OZA", "OZA"],
  ["S", "SEC"],
  ["MS", "C26"],
  ["MIN", "MIN"],
  ["H", "HUR"],
  ["STD", "HUR"],
  ["TAG", "DAY"],
  ["WCH", "WEE"],
  ["MON", "MON"],
  ["JHR", "ANN"],
  ["J", "JOU"],
  ["KJ", "KJO"],
  ["MEJ", "3B"],
  ["KWH", "KWH"],
  ["MWH", "MWH"],
  ["W", "WTT"],
  ["KW", "KWT"],
  ["MGW", "MAW"],
  ["A", "AMP"],
  ["V", "VLT"],
  ["HZ", "HTZ"],
  ["BAR", "BAR"],
  ["PA", "PAL"],
  ["KPA", "KPA"],
  ["N", "NEW"],
  ["GC", "CEL"],
  ["FAH", "FAH"],
  ["K", "KEL"],
  ["%", "P1"],
  ["%O", "NX"],
  ["PPM", "59"],
  ["KAR", "CT"],
  ["KAR", "XCT"],
  ["KI", "XCR"],
  ["PAK", "PK"],
  ["PAK", "XPK"],
  ["PAL", "PF"],
  ["PAL", "XPX"],
  ["ROL", "RO"],
  ["ROL", "XRO"],
  ["FLA", "XBO"],
  ["BAG", "XBG"],
  ["DR", "XDR"],
  ["LE", "E48"],
  ["SET", "SET"],
];

/** ISO codes as SAP's tables carry them, where they are not the code of Recommendation 20 itself. */
const sapIsoPairs: readonly Pair[] = [
  ["PCE", "H87"],
  ["PK", "PK"],
  ["PX", "XPX"],
  ["CR", "XCR"],
  ["VP", "XPK"],
];

/** Names of Odoo's own units of measure in en_US, of 17 to 19. A plant's own units are mapped under Identities. */
const odooPairs: readonly Pair[] = [
  ["Units", "C62"],
  ["Units", "H87"],
  ["Units", "EA"],
  ["Dozens", "DZN"],
  ["kg", "KGM"],
  ["g", "GRM"],
  ["mg", "MGM"],
  ["t", "TNE"],
  ["lb", "LBR"],
  ["lbs", "LBR"],
  ["oz", "ONZ"],
  ["ozs", "ONZ"],
  ["m", "MTR"],
  ["cm", "CMT"],
  ["mm", "MMT"],
  ["km", "KMT"],
  ["in", "INH"],
  ["ft", "FOT"],
  ["yd", "YRD"],
  ["mi", "SMI"],
  ["m²", "MTK"],
  ["ft²", "FTK"],
  ["in²", "INK"],
  ["yd²", "YDK"],
  ["L", "LTR"],
  ["ml", "MLT"],
  ["m³", "MTQ"],
  ["in³", "INQ"],
  ["ft³", "FTQ"],
  ["gal (US)", "GLL"],
  ["qt (US)", "QTL"],
  ["fl oz (US)", "OZA"],
  ["Minutes", "MIN"],
  ["Hours", "HUR"],
  ["Days", "DAY"],
  ["kWh", "KWH"],
];

/** What people and machines write instead of the code, for the hint in a refusal only. */
const aliasPairs: readonly Pair[] = [
  ["PC", "H87"],
  ["PCS", "H87"],
  ["PIECE", "H87"],
  ["PIECES", "H87"],
  ["STK", "H87"],
  ["STÜCK", "H87"],
  ["UNIT", "C62"],
  ["UNITS", "C62"],
  ["EACH", "EA"],
  ["KILO", "KGM"],
  ["TON", "TNE"],
  ["LTRS", "LTR"],
  ["LITER", "LTR"],
  ["METER", "MTR"],
  ["HR", "HUR"],
  ["HRS", "HUR"],
  ["HOUR", "HUR"],
  ["MINS", "MIN"],
  ["SECS", "SEC"],
  ["DAYS", "DAY"],
  ["BOX", "XBX"],
  ["PALLET", "XPX"],
  ["ROLL", "XRO"],
  ["PAIR", "PR"],
  ["DOZ", "DZN"],
  ["INCH", "INH"],
  ["°C", "CEL"],
];

const fromSap = firstOf(sapPairs);
const toSap = firstOf(sapPairs.map(swap));
const fromSapIso = firstOf(sapIsoPairs);
const fromOdoo = firstOf(odooPairs);
const toOdoo = firstOf(odooPairs.map(swap));
const hints = firstOf(
  [...aliasPairs, ...sapPairs, ...sapIsoPairs, ...odooPairs].map(([name, unit]) => [name.toUpperCase(), unit]),
);

/** The UN/ECE code of an SAP internal unit code: `ST` is `H87`. Undefined when it is not one of SAP's usual ones. */
export function unitFromSap(code: string): string | undefined {
  return fromSap.get(code);
}

/** The SAP internal unit code: `H87` is `ST`. */
export function unitToSap(unit: string): string | undefined {
  return toSap.get(unit);
}

/** The UN/ECE code of the ISO code that SAP shows beside its own: `PCE` is `H87`, `KGM` is itself. */
export function unitFromSapIso(code: string): string | undefined {
  return fromSapIso.get(code) ?? (isUnitCode(code) ? code : undefined);
}

/** The UN/ECE code of an Odoo unit's English name: `Units` is `C62`. */
export function unitFromOdoo(name: string): string | undefined {
  return fromOdoo.get(name);
}

/** The English name of Odoo's unit: `C62` and `H87` are both `Units`. */
export function unitToOdoo(unit: string): string | undefined {
  return toOdoo.get(unit);
}

/** The code that was probably meant by something that is no code: `pcs`, `kg`, `ST`. */
export function suggestUnit(written: string): string | undefined {
  const upper = written.slice(0, LONGEST_NAME_CHARS).trim().toUpperCase();
  return isUnitCode(upper) ? upper : hints.get(upper);
}

function swap([name, unit]: Pair): Pair {
  return [unit, name];
}

function firstOf(pairs: readonly Pair[]): Map<string, string> {
  const map = new Map<string, string>();
  for (const [from, to] of pairs) if (!map.has(from)) map.set(from, to);
  return map;
}
