/** Most changes that a unit holds back while late ones are waited for; beyond it the oldest are taken as they are. */
export const HELD_CHANGES = 5_000;
/** Longest time for which a line may wait for late changes (`lateMs`), in ms. */
export const LATE_MS = 10 * 60_000;
/** A change whose time lies further ahead of its receipt than this is refused, in ms. */
export const FUTURE_MS = 5 * 60_000;
/** A tag's first value counts as of at most this long before its receipt, however long ago it changed, in ms. */
export const OLD_VALUE_MS = 3_600_000;
/** Most changes evaluated between two saves of a line's state. */
export const STEP_CHANGES = 5_000;
/** Most facts per unit that wait for their order to become known; beyond it the oldest is given up. */
export const WAITING_FACTS = 200;
/** How long a fact waits for its order to become known, unless the line says otherwise (`orderWaitMs`), in ms. */
export const ORDER_WAIT_MS = 15 * 60_000;
/** Most changes of order that a unit remembers, to say which one ran at a time in the past. */
export const ORDER_CHANGES = 32;
/** Most tags without a unit that a line tells of. */
export const UNKNOWN_TAGS = 100;
/** A gap shorter than this is told once, when it is over; a longer one also while it lasts (`gapAfterMs`), in ms. */
export const GAP_AFTER_MS = 10_000;
/** After a standstill of the hub longer than this, values count as missing meanwhile, in ms. */
export const RESTART_GAP_MS = 30_000;
/** How often the clock lets idle units finish what is due, in ms. */
export const TICK_MS = 1_000;
/** How far the clock's word on idle units lags behind, so that changes on their way come first, in ms. */
export const TICK_LAG_MS = 2_000;
/** The line's state is saved at least this often while it runs, in ms. */
export const ALIVE_MS = 10_000;
/** Longest name of a unit, a rule or a tag in a template, in characters; together they make the ids of facts. */
export const NAME_CHARS = 32;
/** Most samples that an out-of-spec rule looks back on. */
export const SAMPLES = 1_000;
/** Longest time without any event of a unit over which its values still hold; beyond it they count as missing, in ms. */
export const LEAP_MS = 31 * 86_400_000;
