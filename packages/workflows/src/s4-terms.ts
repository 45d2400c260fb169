import { type Quantity, type UnitConversion, convert, normaliseDecimal, sumDecimals } from "@lineshaft/model";
import { LineshaftError } from "@lineshaft/core";
import { defined } from "./odoo-terms.ts";

/** Where in SAP things happen. */
export interface S4Place {
  plant: string;
  /** Storage location of what names no location; of everything while there are no `locations`. */
  storageLocation: string;
  /** The plant's locations to SAP's storage locations. Once given, a location that is not in it is not guessed. */
  locations?: Readonly<Record<string, string>>;
  /** The plant's lot to SAP's batch, which has at most ten characters; must not make one of two. Default: as it is. */
  batch?(this: void, lot: string): string;
}

/** The value alone, without zeros that mean nothing. */
export function s4Value({ value }: { value: string }): string {
  return normaliseDecimal(value);
}

export function s4Quantity(quantity: { value: string; unit: string }): { quantity: string; unit: string } {
  return { quantity: s4Value(quantity), unit: quantity.unit };
}

/** All parts together in one unit; SAP has a single one for a confirmation. */
export function s4Sum(parts: readonly Quantity[], unit: string, conversions: readonly UnitConversion[] = []): string {
  return normaliseDecimal(
    sumDecimals(
      parts.map((part) => {
        const converted = convert(part, unit, conversions);
        if (converted.ok) return converted.quantity.value;
        throw new LineshaftError("mapping-failed", converted.problem, { next: converted.fix });
      }),
    ),
  );
}

export function storageLocationOf(location: string | undefined, { storageLocation, locations }: S4Place): string {
  if (location === undefined || locations === undefined) return storageLocation;
  const known = locations[location];
  if (known !== undefined) return known;
  throw new LineshaftError("mapping-failed", `Nobody has said which storage location ${location} is in SAP.`, {
    next: `Add ${location} to the flow's locations, then resend.`,
  });
}

interface Material {
  product: string;
  quantity: Quantity;
  lot?: string | undefined;
  location?: string | undefined;
}

/** Material, place, batch and quantity of one line of a goods movement. */
export function s4Material({ product, quantity, lot, location }: Material, place: S4Place) {
  return {
    material: product,
    plant: place.plant,
    storageLocation: storageLocationOf(location, place),
    ...defined({ batch: lot === undefined ? undefined : (place.batch?.(lot) ?? lot) }),
    ...s4Quantity(quantity),
  };
}
