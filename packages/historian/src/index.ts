export { BATCH_ITEMS, influx } from "./influx.ts";

export type { InfluxOptions } from "./influx-options.ts";
export type { FieldValue, Historian, Point, Window, WindowPoint, WindowRead, WritePoints } from "./point.ts";
export { SQL_BATCH_ITEMS, sqlHistorian } from "./sql-historian.ts";
export type { SqlColumns, SqlHistorianOptions } from "./sql-options.ts";
