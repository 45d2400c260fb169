import { Type, type Static } from "typebox";
import { FACT_ID_CHARS, VERSION_CHARS } from "../limits.ts";
import { calendarDate, closed, extensions, identifier, listOf, quantity, text, time } from "../primitives.ts";

/** Fields of every fact. */
export const fact = {
  id: identifier("The source's own id of this fact; the same id means the same fact", FACT_ID_CHARS),
  time: time("When it happened, with zone"),
};

/** Fields of every state, besides those of a fact. */
export const version = {
  version: identifier(
    "Version in the source's counting; a number or an ISO time. Newer ones replace older ones",
    VERSION_CHARS,
  ),
};

export const site = { site: Type.Optional(identifier("Site (plant) in the equipment hierarchy")) };
export const workCenter = Type.Optional(identifier("Work center"));
export const operation = Type.Optional(identifier("Number of the operation within the order, such as 0010"));
export const operator = Type.Optional(identifier("Who did it, as the plant names people"));
export const shift = Type.Optional(identifier("Shift"));
export const note = Type.Optional(text("Remark for people"));
export const more = { extensions: Type.Optional(extensions()) };

/** A part of a quantity that carries one lot. */
export const lotQuantity = closed({
  lot: identifier("Lot"),
  quantity: quantity("How much of the lot"),
  expires: Type.Optional(calendarDate("Expiry date of the lot")),
});
export type LotQuantity = Static<typeof lotQuantity>;

/** Material taken for an order. */
export const consumedMaterial = closed({
  product: identifier("Product consumed"),
  quantity: quantity("How much was consumed"),
  component: Type.Optional(identifier("Line of the order's components it belongs to")),
  insteadOf: Type.Optional(identifier("Component of the order that it was used instead of")),
  operation,
  lot: Type.Optional(identifier("Lot consumed")),
  serials: Type.Optional(listOf(identifier("Serial number"), "Serial numbers consumed")),
  location: Type.Optional(identifier("Location it was taken from")),
});
export type ConsumedMaterial = Static<typeof consumedMaterial>;
