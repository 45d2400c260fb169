/** Edm types in short; a number is a string's length. */
export type FieldType = number | "decimal" | "date" | "time" | "boolean" | "guid";

interface Navigation {
  set: string;
  /** Fields that must be equal: here, there. */
  on: readonly (readonly [string, string])[];
}

export interface EntitySet {
  service: string;
  set: string;
  type: string;
  keys: readonly string[];
  fields: Readonly<Record<string, FieldType>>;
  navigations: Readonly<Record<string, Navigation>>;
  creatable: boolean;
}

export interface FunctionImport {
  name: string;
  returns: string;
  parameters: Readonly<Record<string, FieldType>>;
  required: readonly string[];
}

const ORDERS = "API_PRODUCTION_ORDER_2_SRV";
const CONFIRMATIONS = "API_PROD_ORDER_CONFIRMATION_2_SRV";
const DOCUMENTS = "API_MATERIAL_DOCUMENT_SRV";

const flags = Object.fromEntries(
  [
    "OrderIsCreated",
    "OrderIsReleased",
    "OrderIsConfirmed",
    "OrderIsPartiallyConfirmed",
    "OrderIsDelivered",
    "OrderIsDeleted",
    "OrderIsLocked",
    "OrderIsTechnicallyCompleted",
    "OrderIsClosed",
    "OrderIsMarkedForDeletion",
  ].map((name) => [name, 1 as const]),
);

const productionOrder: EntitySet = {
  service: ORDERS,
  set: "A_ProductionOrder_2",
  type: "A_ProductionOrder_2Type",
  keys: ["ManufacturingOrder"],
  fields: {
    ManufacturingOrder: 12,
    ManufacturingOrderType: 4,
    ProductionPlant: 4,
    Material: 40,
    TotalQuantity: "decimal",
    MfgOrderPlannedScrapQty: "decimal",
    MfgOrderConfirmedYieldQty: "decimal",
    ProductionUnit: 3,
    ProductionUnitISOCode: 3,
    ProductionUnitSAPCode: 3,
    ProductionVersion: 4,
    MRPController: 3,
    ProductionSupervisor: 3,
    SalesOrder: 10,
    PlannedOrder: 10,
    StorageLocation: 4,
    MfgOrderPlannedStartDate: "date",
    MfgOrderPlannedStartTime: "time",
    MfgOrderPlannedEndDate: "date",
    MfgOrderPlannedEndTime: "time",
    MfgOrderScheduledStartDate: "date",
    MfgOrderScheduledStartTime: "time",
    MfgOrderScheduledEndDate: "date",
    MfgOrderScheduledEndTime: "time",
    LastChangeDateTime: 14,
    ...flags,
  },
  navigations: {
    to_ProductionOrderOperation: {
      set: "A_ProductionOrderOperation_2",
      on: [["ManufacturingOrder", "ManufacturingOrder"]],
    },
    to_ProductionOrderComponentExt: {
      set: "A_ProductionOrderComponent_3",
      on: [["ManufacturingOrder", "ManufacturingOrder"]],
    },
  },
  creatable: false,
};

const operation: EntitySet = {
  service: ORDERS,
  set: "A_ProductionOrderOperation_2",
  type: "A_ProductionOrderOperation_2Type",
  keys: ["OrderInternalBillOfOperations", "OrderIntBillOfOperationsItem"],
  fields: {
    OrderInternalBillOfOperations: 10,
    OrderIntBillOfOperationsItem: 8,
    ManufacturingOrder: 12,
    ManufacturingOrderSequence: 6,
    ManufacturingOrderOperation: 4,
    MfgOrderOperationText: 40,
    WorkCenter: 8,
    OperationControlProfile: 4,
    OpPlannedTotalQuantity: "decimal",
    OpTotalConfirmedYieldQty: "decimal",
    OperationUnit: 3,
    OperationUnitISOCode: 3,
    OperationUnitSAPCode: 3,
    OpErlstSchedldExecStrtDte: "date",
    OpErlstSchedldExecStrtTme: "time",
    OpErlstSchedldExecEndDte: "date",
    OpErlstSchedldExecEndTme: "time",
    LastChangeDateTime: 14,
  },
  navigations: {},
  creatable: false,
};

const component: EntitySet = {
  service: ORDERS,
  set: "A_ProductionOrderComponent_3",
  type: "A_ProductionOrderComponent_3Type",
  keys: ["Reservation", "ReservationItem", "ReservationRecordType"],
  fields: {
    Reservation: 10,
    ReservationItem: 4,
    ReservationRecordType: 1,
    ManufacturingOrder: 12,
    ManufacturingOrderSequence: 6,
    ManufacturingOrderOperation: 4,
    Material: 40,
    Plant: 4,
    StorageLocation: 4,
    Batch: 10,
    RequiredQuantity: "decimal",
    WithdrawnQuantity: "decimal",
    BaseUnit: 3,
    BaseUnitISOCode: 3,
    BaseUnitSAPCode: 3,
    GoodsMovementType: 3,
    MatlCompIsMarkedForBackflush: "boolean",
    MaterialComponentIsPhantomItem: "boolean",
    ReservationIsFinallyIssued: "boolean",
    LastChangeDateTime: 14,
  },
  navigations: {},
  creatable: false,
};

const activities = Object.fromEntries(
  [1, 2, 3, 4, 5, 6].flatMap((slot): [string, FieldType][] => [
    [`OpWorkQuantityUnit${slot}`, 3],
    [`WorkQuantityUnit${slot}ISOCode`, 3],
    [`OpConfirmedWorkQuantity${slot}`, "decimal"],
    [`NoFurtherOpWorkQuantity${slot}IsExpd`, "boolean"],
  ]),
);

const confirmation: EntitySet = {
  service: CONFIRMATIONS,
  set: "ProdnOrdConf2",
  type: "ProdnOrdConf2Type",
  keys: ["ConfirmationGroup", "ConfirmationCount"],
  fields: {
    ConfirmationGroup: 10,
    ConfirmationCount: 8,
    OrderID: 12,
    Sequence: 6,
    OrderOperation: 4,
    OrderSuboperation: 4,
    ConfirmationText: 40,
    FinalConfirmationType: 1,
    IsFinalConfirmation: "boolean",
    OpenReservationsIsCleared: "boolean",
    IsReversed: "boolean",
    IsReversal: "boolean",
    APIConfHasNoGoodsMovements: "boolean",
    ConfirmationEntryDate: "date",
    ConfirmationEntryTime: "time",
    EnteredByUser: 12,
    EnteredByExternalUser: 12,
    ExternalSystemConfirmation: "guid",
    Plant: 4,
    WorkCenter: 8,
    Personnel: 8,
    PostingDate: "date",
    ConfirmedExecutionStartDate: "date",
    ConfirmedExecutionStartTime: "time",
    ConfirmedExecutionEndDate: "date",
    ConfirmedExecutionEndTime: "time",
    ConfirmationUnit: 3,
    ConfirmationUnitISOCode: 3,
    ConfirmationUnitSAPCode: 3,
    ConfirmationYieldQuantity: "decimal",
    ConfirmationScrapQuantity: "decimal",
    ConfirmationReworkQuantity: "decimal",
    VarianceReasonCode: 4,
    ...activities,
  },
  navigations: {
    to_ProdnOrdConfMatlDocItm: {
      set: "ProdnOrdConfMatlDocItm",
      on: [
        ["ConfirmationGroup", "ConfirmationGroup"],
        ["ConfirmationCount", "ConfirmationCount"],
      ],
    },
  },
  creatable: true,
};

const confirmationItem: EntitySet = {
  service: CONFIRMATIONS,
  set: "ProdnOrdConfMatlDocItm",
  type: "ProdnOrdConfMatlDocItmType",
  keys: ["ConfirmationGroup", "ConfirmationCount", "MaterialDocument", "MaterialDocumentItem", "MaterialDocumentYear"],
  fields: {
    ConfirmationGroup: 10,
    ConfirmationCount: 8,
    MaterialDocument: 10,
    MaterialDocumentItem: 4,
    MaterialDocumentYear: 4,
    OrderID: 12,
    OrderItem: 4,
    Reservation: 10,
    ReservationItem: 4,
    Material: 40,
    Plant: 4,
    StorageLocation: 4,
    Batch: 10,
    GoodsMovementType: 3,
    GoodsMovementRefDocType: 1,
    QuantityInEntryUnit: "decimal",
    EntryUnit: 3,
    EntryUnitISOCode: 3,
    EntryUnitSAPCode: 3,
    ReservationIsFinallyIssued: "boolean",
    IsCompletelyDelivered: "boolean",
    ManufactureDate: "date",
    ShelfLifeExpirationDate: "date",
  },
  navigations: {},
  creatable: false,
};

const documentHeader: EntitySet = {
  service: DOCUMENTS,
  set: "A_MaterialDocumentHeader",
  type: "A_MaterialDocumentHeaderType",
  keys: ["MaterialDocumentYear", "MaterialDocument"],
  fields: {
    MaterialDocumentYear: 4,
    MaterialDocument: 10,
    DocumentDate: "date",
    PostingDate: "date",
    CreationDate: "date",
    CreationTime: "time",
    CreatedByUser: 12,
    MaterialDocumentHeaderText: 25,
    ReferenceDocument: 16,
    GoodsMovementCode: 2,
  },
  navigations: {
    to_MaterialDocumentItem: {
      set: "A_MaterialDocumentItem",
      on: [
        ["MaterialDocumentYear", "MaterialDocumentYear"],
        ["MaterialDocument", "MaterialDocument"],
      ],
    },
  },
  creatable: true,
};

const documentItem: EntitySet = {
  service: DOCUMENTS,
  set: "A_MaterialDocumentItem",
  type: "A_MaterialDocumentItemType",
  keys: ["MaterialDocumentYear", "MaterialDocument", "MaterialDocumentItem"],
  fields: {
    MaterialDocumentYear: 4,
    MaterialDocument: 10,
    MaterialDocumentItem: 4,
    Material: 40,
    Plant: 4,
    StorageLocation: 4,
    Batch: 10,
    BatchBySupplier: 15,
    GoodsMovementType: 3,
    GoodsMovementRefDocType: 1,
    GoodsMovementReasonCode: 4,
    InventoryUsabilityCode: 1,
    PurchaseOrder: 10,
    PurchaseOrderItem: 5,
    ManufacturingOrder: 12,
    ManufacturingOrderItem: 4,
    Reservation: 10,
    ReservationItem: 4,
    CostCenter: 10,
    IssuingOrReceivingPlant: 4,
    IssuingOrReceivingStorageLoc: 4,
    IssgOrRcvgBatch: 10,
    QuantityInEntryUnit: "decimal",
    EntryUnit: 3,
    EntryUnitISOCode: 3,
    EntryUnitSAPCode: 3,
    MaterialDocumentItemText: 50,
    IsCompletelyDelivered: "boolean",
    ReservationIsFinallyIssued: "boolean",
    ManufactureDate: "date",
    ShelfLifeExpirationDate: "date",
    GoodsMovementIsCancelled: "boolean",
    ReversedMaterialDocumentYear: 4,
    ReversedMaterialDocument: 10,
    ReversedMaterialDocumentItem: 4,
  },
  navigations: {},
  creatable: false,
};

/** What the simulator offers, the part of SAP's services that it knows. */
export const entitySets: readonly EntitySet[] = [
  productionOrder,
  operation,
  component,
  confirmation,
  confirmationItem,
  documentHeader,
  documentItem,
];

export const functionImports: Readonly<Record<string, readonly FunctionImport[]>> = {
  [ORDERS]: [],
  [CONFIRMATIONS]: [
    {
      name: "CancelProdnOrdConf",
      returns: "ProdnOrdConf2",
      parameters: {
        ConfirmationGroup: 10,
        ConfirmationCount: 8,
        PostingDate: "date",
        ConfirmationText: 40,
        ExternalSystemConfirmation: "guid",
      },
      required: ["ConfirmationGroup", "ConfirmationCount"],
    },
  ],
  [DOCUMENTS]: [
    {
      name: "Cancel",
      returns: "A_MaterialDocumentHeader",
      parameters: { MaterialDocumentYear: 4, MaterialDocument: 10, PostingDate: "date" },
      required: ["MaterialDocumentYear", "MaterialDocument"],
    },
  ],
};

export const services: readonly string[] = [ORDERS, CONFIRMATIONS, DOCUMENTS];

export function entitySetNamed(name: string): EntitySet {
  const found = entitySets.find(({ set }) => set === name);
  if (!found) throw new Error(`The simulator has no entity set ${name}.`);
  return found;
}
