import { Type, type Static } from "typebox";

/**
 * What a flow hands to each operation, in the hub's terms: a product by its internal reference (`default_code`), an order
 * by its name or origin, a lot by its name, a work center by its code, a unit by its UN/ECE Recommendation 20 code, a
 * location by its full name (`WH/Stock`) or barcode, a time with its zone, a number as a decimal string.
 */

const strict = { additionalProperties: false };

/** A number as text, so that no digit is lost: `12.500`. */
const Unsigned = Type.String({ pattern: "^\\d{1,15}(\\.\\d{1,9})?$", examples: ["12.5"] });

export const Quantity = Type.Object({ value: Unsigned, unit: Type.String({ pattern: "^[A-Z0-9]{2,3}$" }) }, strict);

const Code = Type.String({ minLength: 1, maxLength: 64, pattern: "\\S" });
const Name = Type.String({ minLength: 1, maxLength: 250, pattern: "\\S" });
const Text = Type.String({ maxLength: 4000 });
/** ISO 8601 with a zone. */
const Time = Type.String({ format: "date-time" });
const Flag = Type.Boolean();

/** Most lines within one value: components, lots, serials, scrap lines. */
export const LINES = 500;

function optional<T extends Parameters<typeof Type.Optional>[0]>(type: T) {
  return Type.Optional(type);
}

const lines = { maxItems: LINES };
const LotQuantity = Type.Object({ lot: Code, quantity: Quantity }, strict);

export const SaveProduct = Type.Object(
  {
    product: Code,
    name: Name,
    unit: optional(Type.String({ pattern: "^[A-Z0-9]{2,3}$" })),
    /** Stock is kept (default), or only consumed, or a service. */
    kind: optional(Type.Enum(["stocked", "consumable", "service"])),
    tracking: optional(Type.Enum(["none", "lot", "serial"])),
    barcode: optional(Code),
    /** Kilograms. */
    weight: optional(Unsigned),
    salesPrice: optional(Unsigned),
    cost: optional(Unsigned),
    description: optional(Text),
    /** False archives the product. */
    active: optional(Flag),
  },
  strict,
);

export const SaveBillOfMaterials = Type.Object(
  {
    product: Code,
    /** Told apart within the product; Odoo's field Reference. */
    revision: Code,
    quantity: Quantity,
    kind: optional(Type.Enum(["manufactured", "kit"])),
    /** What Odoo does when consumption differs from the bill. */
    consumption: optional(Type.Enum(["flexible", "warning", "strict"])),
    components: Type.Array(Type.Object({ product: Code, quantity: Quantity, operation: optional(Name) }, strict), {
      ...lines,
      minItems: 1,
    }),
    operations: optional(
      Type.Array(Type.Object({ name: Name, workCenter: Code, minutes: optional(Unsigned) }, strict), lines),
    ),
    byProducts: optional(Type.Array(Type.Object({ product: Code, quantity: Quantity }, strict), lines)),
    /** Archive the product's other bills, so that Odoo chooses this one. Default true. */
    replaces: optional(Flag),
  },
  strict,
);

export const CreateOrder = Type.Object(
  {
    /** The hub's name of the order; kept as Odoo's Source (`origin`), unique among orders that are not cancelled. */
    order: Code,
    product: Code,
    quantity: Quantity,
    /** Revision of the bill of materials; without it Odoo chooses. */
    revision: optional(Code),
    start: optional(Time),
    deadline: optional(Time),
    /** Release it at once (default true): reserves components, plans work orders. */
    confirm: optional(Flag),
  },
  strict,
);

export const CompleteOrder = Type.Object(
  {
    order: Code,
    /** Good pieces of this report. With scrap of the product itself, both together were produced. */
    yield: Quantity,
    /** Nothing more will come: what is open is closed short. Default false: what is open stays as a backorder. */
    final: optional(Flag),
    /** Lot of the pieces of this report; made when new. */
    lot: optional(Code),
    /**
     * Instead of `lot` and `serials`: the lots of this report in the order they were made; their quantities add up to
     * `yield`. Scrapped pieces count with the lot they name, otherwise with the last.
     */
    lots: optional(Type.Array(LotQuantity, { ...lines, minItems: 1 })),
    /** One for each piece, scrapped ones included. */
    serials: optional(Type.Array(Code, { ...lines, minItems: 1 })),
    /** Without `product`: pieces of this report; with it: a component. */
    scrap: optional(
      Type.Array(
        Type.Object(
          { quantity: Quantity, product: optional(Code), lot: optional(Code), reason: optional(Name) },
          strict,
        ),
        lines,
      ),
    ),
    /** Components really used; a component not named is consumed as the bill of materials says. */
    consumption: optional(
      Type.Array(
        Type.Object(
          {
            product: Code,
            quantity: Quantity,
            lot: optional(Code),
            lots: optional(Type.Array(LotQuantity, lines)),
            /** The component that it was used instead of, of which then nothing is consumed. */
            insteadOf: optional(Code),
          },
          strict,
        ),
        lines,
      ),
    ),
    byProducts: optional(
      Type.Array(Type.Object({ product: Code, quantity: Quantity, lot: optional(Code) }, strict), lines),
    ),
    finishedAt: optional(Time),
    note: optional(Text),
    /** The report's own id, by which a correction names it. */
    report: optional(Name),
    /** Pieces that have to be worked on again; nothing is booked of them before they are good or scrapped. */
    rework: optional(Quantity),
    /** What happens when stock holds less of a component than is consumed: booked below zero (default), or refused. */
    shortage: optional(Type.Enum(["book", "refuse"])),
  },
  strict,
);

export const ConsumeMaterial = Type.Object(
  {
    order: Code,
    lines: Type.Array(
      Type.Object(
        {
          product: Code,
          quantity: Quantity,
          lot: optional(Code),
          lots: optional(Type.Array(LotQuantity, lines)),
          /** The component of the order that it was used instead of. */
          insteadOf: optional(Code),
          /** On top of what the bill of materials says. Default false: in place of it, in all of the order. */
          additional: optional(Flag),
        },
        strict,
      ),
      { ...lines, minItems: 1 },
    ),
    note: optional(Text),
  },
  strict,
);

const Counted = Type.Enum(["yield", "scrap", "rework", "nothing"]);

export const CorrectCompletion = Type.Object(
  {
    order: Code,
    /** The `report` of the completion that it corrects. */
    report: Name,
    /** Pieces that counted as one thing and are another. More than was counted comes from `nothing`. */
    changes: Type.Array(
      Type.Object(
        { from: Counted, to: Counted, quantity: Quantity, lot: optional(Code), reason: optional(Name) },
        strict,
      ),
      { ...lines, minItems: 1 },
    ),
    note: optional(Text),
  },
  strict,
);

export const MoveStock = Type.Object(
  {
    kind: Type.Enum(["transfer", "receipt", "issue"]),
    product: Code,
    quantity: Quantity,
    /** Default: the warehouse's stock; for a receipt the vendors' location. */
    from: optional(Name),
    /** Default: the warehouse's stock; for an issue the customers' location. A transfer names it. */
    to: optional(Name),
    lot: optional(Code),
    lots: optional(Type.Array(LotQuantity, lines)),
    reference: optional(Name),
    movedAt: optional(Time),
  },
  strict,
);

export const PlaceHold = Type.Object(
  {
    hold: Name,
    product: Code,
    /** The lot or `serials`, a new one is made; without them, or of a product without lots, all output of `order`. */
    lot: optional(Code),
    serials: optional(Type.Array(Code, { ...lines, minItems: 1 })),
    order: optional(Code),
    /** Only so much of it is held; default all there is, and all that comes while the hold stands. */
    quantity: optional(Quantity),
    reason: Text,
  },
  strict,
);

export const ReleaseHold = Type.Object(
  {
    hold: Name,
    /** `use-as-is` goes back to stock, `scrap` is scrapped; what is reworked or returned stays where it is until it is moved. */
    disposition: Type.Enum(["use-as-is", "rework", "scrap", "return-to-supplier"]),
    /** Who decided, and why. */
    note: Text,
  },
  strict,
);

export const SetStock = Type.Object(
  { product: Code, location: optional(Name), lot: optional(Code), quantity: Quantity, reason: optional(Name) },
  strict,
);

export const Scrap = Type.Object(
  {
    product: Code,
    quantity: Quantity,
    lot: optional(Code),
    location: optional(Name),
    order: optional(Code),
    reason: optional(Name),
  },
  strict,
);

export const LogWorkTime = Type.Object(
  {
    order: Code,
    /** Name of the operation; needed when the work center has more than one in this order. */
    operation: optional(Name),
    workCenter: Code,
    start: Time,
    end: Time,
    /** Setup counts as lost availability in Odoo. */
    kind: optional(Type.Enum(["run", "setup"])),
    /** The operation is finished with this. */
    finish: optional(Flag),
    note: optional(Text),
  },
  strict,
);

export const LogDowntime = Type.Object(
  {
    workCenter: Code,
    start: Time,
    /** Absent: the stop lasts, the work center is blocked. A later value with the same start and an end closes it. */
    end: optional(Time),
    category: Type.Enum(["availability", "performance", "quality"]),
    /** Name of one of Odoo's loss reasons; without it the first of the category. */
    reason: optional(Name),
    note: optional(Text),
  },
  strict,
);

export const RequestMaintenance = Type.Object(
  {
    title: Name,
    /** Serial number, or a name that only one has. */
    equipment: optional(Code),
    kind: optional(Type.Enum(["corrective", "preventive"])),
    priority: optional(Type.Enum(["low", "normal", "high", "urgent"])),
    scheduledFor: optional(Time),
    description: optional(Text),
    /** What it is about, one stop or one alarm. A later value about the same is noted at its request instead of making another. */
    about: optional(Name),
    /** False: only what stands about it is updated. Default true. */
    create: optional(Flag),
    /** What it is about can come again: once its request is closed, the next value makes a new one. Default false. */
    recurring: optional(Flag),
    /** How long it lasted; Odoo's field Duration. */
    hours: optional(Unsigned),
    /** The request is done with this. */
    close: optional(Flag),
  },
  strict,
);

export const AlertPlanner = Type.Object(
  {
    /** The order whose planner has to know. */
    order: Code,
    /** What it is about; a later value about the same changes the alert or ends it. */
    about: Name,
    title: Name,
    text: Text,
    /** Login of who shall see it; default the order's responsible. */
    planner: optional(Name),
    /** The alert is over. */
    over: optional(Flag),
  },
  strict,
);

/** Schema of each operation's value, by the operation's name. */
export const operationSchemas = {
  saveProduct: SaveProduct,
  saveBillOfMaterials: SaveBillOfMaterials,
  createOrder: CreateOrder,
  completeOrder: CompleteOrder,
  correctCompletion: CorrectCompletion,
  consumeMaterial: ConsumeMaterial,
  moveStock: MoveStock,
  placeHold: PlaceHold,
  releaseHold: ReleaseHold,
  setStock: SetStock,
  scrap: Scrap,
  logWorkTime: LogWorkTime,
  logDowntime: LogDowntime,
  requestMaintenance: RequestMaintenance,
  alertPlanner: AlertPlanner,
} as const;

export type OperationName = keyof typeof operationSchemas;
export type OperationValue<N extends OperationName> = Static<(typeof operationSchemas)[N]>;

export type Quantity = Static<typeof Quantity>;
export type SaveProduct = Static<typeof SaveProduct>;
export type SaveBillOfMaterials = Static<typeof SaveBillOfMaterials>;
export type CreateOrder = Static<typeof CreateOrder>;
export type CompleteOrder = Static<typeof CompleteOrder>;
export type CorrectCompletion = Static<typeof CorrectCompletion>;
export type ConsumeMaterial = Static<typeof ConsumeMaterial>;
export type MoveStock = Static<typeof MoveStock>;
export type PlaceHold = Static<typeof PlaceHold>;
export type ReleaseHold = Static<typeof ReleaseHold>;
export type SetStock = Static<typeof SetStock>;
export type Scrap = Static<typeof Scrap>;
export type LogWorkTime = Static<typeof LogWorkTime>;
export type LogDowntime = Static<typeof LogDowntime>;
export type RequestMaintenance = Static<typeof RequestMaintenance>;
export type AlertPlanner = Static<typeof AlertPlanner>;

/** Most items that go to Odoo in one call; about 10 s of work on a small server. */
export const BATCH_ITEMS = 100;

export const operationNames: readonly OperationName[] = [
  "saveProduct",
  "saveBillOfMaterials",
  "createOrder",
  "completeOrder",
  "correctCompletion",
  "consumeMaterial",
  "moveStock",
  "placeHold",
  "releaseHold",
  "setStock",
  "scrap",
  "logWorkTime",
  "logDowntime",
  "requestMaintenance",
  "alertPlanner",
];
