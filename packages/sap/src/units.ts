import { RejectedError } from "@lineshaft/core";

/**
 * UN/ECE Recommendation 20 codes whose ISO code in SAP's delivered unit customising (table T006) is another one. All
 * other codes are the same on both sides: KGM, LTR, MTR, HUR, MIN, TNE …
 */
const deliveredCodes: Readonly<Record<string, string>> = {
  C62: "PCE",
  H87: "PCE",
};

/** Converts units between the hub and one SAP. */
export interface Units {
  /** ISO code that SAP knows the unit by. */
  toSap(code: string): string;
  /**
   * UN/ECE code of an ISO code of SAP.
   * @throws RejectedError `unit-unknown` when SAP gave none: its unit has no ISO code in customising
   */
  fromSap(isoCode: unknown, internalCode: unknown): string;
}

/** `additional` comes before what SAP delivers; of two codes that meet in one ISO code, the first one named is taken back. */
export function unitsWith(additional: Readonly<Record<string, string>> = {}): Units {
  const toSap = new Map(Object.entries({ ...deliveredCodes, ...additional }));
  const fromSap = new Map<string, string>();
  for (const [code, iso] of [...Object.entries(additional), ...Object.entries(deliveredCodes)]) {
    if (!fromSap.has(iso)) fromSap.set(iso, code);
  }
  return {
    toSap: (code) => toSap.get(code) ?? code,
    fromSap: (isoCode, internalCode) => {
      if (typeof isoCode === "string" && isoCode !== "") return fromSap.get(isoCode) ?? isoCode;
      throw new RejectedError(`SAP's unit ${JSON.stringify(internalCode)} has no ISO code.`, {
        reason: "unit-unknown",
        next: "Let the unit have an ISO code in SAP (transaction CUNI).",
      });
    },
  };
}
