export { systemClock } from "./clock.ts";
export type { Clock, Timer } from "./clock.ts";
export { showValue } from "./finding.ts";
export type { Finding } from "./finding.ts";
export { Secret } from "./secret.ts";
export { LineshaftError, RejectedError, UnavailableError, UncertainError, errorCodes, explain } from "./errors.ts";
export type { ErrorCode, ErrorDetails } from "./errors.ts";
export { compareVersions } from "./contract.ts";
export type { Contract, Description, Reference, References } from "./contract.ts";
export { NESTING_LEVELS, nestingDepth, refuseDeepNesting } from "./nesting.ts";
export { silentLog } from "./connector.ts";
export type {
  BegunItem,
  Cursor,
  Fact,
  Found,
  Health,
  Intake,
  Item,
  Log,
  Operation,
  OtherWorkers,
  Outcome,
  Receipt,
  Repeat,
  Source,
  System,
  SystemContext,
  SystemDefinition,
  SystemLimits,
  Target,
} from "./connector.ts";
export {
  ATTEMPT_BODY_CHARS,
  LANES,
  ROUTES,
  cursorMoved,
  cursorsOf,
  deliveryId,
  laneOf,
  messageOf,
  routeOf,
} from "./ledger.ts";
export type {
  Act,
  AuditEntry,
  AuditReport,
  CommitGroup,
  CommitResult,
  Count,
  CursorAct,
  DeliveryFilter,
  DeliveryPayload,
  DeliveryState,
  LaneClaim,
  LaneLease,
  LatestQuery,
  Ledger,
  LedgerTotals,
  MessageFilter,
  NewAttempt,
  NewMessage,
  NewRefusal,
  News,
  OpenDelivery,
  Parking,
  Recorded,
  Route,
  Settlement,
  StoredAttempt,
  StoredDelivery,
  StoredMessage,
  StoredRefusal,
} from "./ledger.ts";
export { identityDetail, identityMoved, identityOf, identityTaken } from "./identity.ts";
export type { Identity, IdentityAct } from "./identity.ts";
export type { ContentRow, ContentTable, LedgerContent } from "./ledger-content.ts";
export type { FactsFromTags, Quality, TagChange, TagGap, TagObserver, TagSource, TagValue } from "./tags.ts";
