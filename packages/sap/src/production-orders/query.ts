import { compare, stringLiteral } from "../odata/literal.ts";
import type { Query } from "../odata/service.ts";

export const ORDERS = "A_ProductionOrder_2";
export const OPERATION_NAVIGATION = "to_ProductionOrderOperation";
/** From an order to its components; newer releases offer the first, which tells of backflush. */
export const COMPONENT_NAVIGATIONS = ["to_ProductionOrderComponentExt", "to_ProductionOrderComponent"] as const;

/** Which orders to read, and what with them. */
export interface OrderQuery {
  plants: readonly string[];
  /** Only what is released and not yet done with, for the very first reading. */
  onlyOpen: boolean;
  /** Changed at or after; `YYYYMMDDhhmmss`. */
  since: string | undefined;
  /** Rows to leave out at the start, when one second holds more than a page. */
  skip: number;
  pageSize: number;
  componentNavigation: string;
}

/**
 * Reads in the order of the stamp, so that a reader can go on from the last one it saw. Once an order has been read, its
 * technical completion and closing are read too; the very first reading leaves out what is over already.
 */
export function orderQuery({ plants, onlyOpen, since, skip, pageSize, componentNavigation }: OrderQuery): Query {
  const x = stringLiteral("X");
  const released = compare("OrderIsReleased", "eq", x);
  const over = ["OrderIsTechnicallyCompleted", "OrderIsClosed"];
  const state = onlyOpen
    ? [released, ...over.map((flag) => compare(flag, "eq", stringLiteral("")))]
    : [anyOf([released, ...over.map((flag) => compare(flag, "eq", x))])];
  if (since !== undefined) state.push(compare("LastChangeDateTime", "ge", stringLiteral(since)));
  const plantFilter = plants.map((plant) => compare("ProductionPlant", "eq", stringLiteral(plant)));
  return {
    $filter: [...state, ...(plantFilter.length === 0 ? [] : [anyOf(plantFilter)])].join(" and "),
    $orderby: "LastChangeDateTime,ManufacturingOrder",
    $expand: `${OPERATION_NAVIGATION},${componentNavigation}`,
    $top: String(pageSize),
    $skip: skip === 0 ? undefined : String(skip),
  };
}

/** The richest of the component navigations that the service has. */
export function componentNavigationIn(metadata: string): string {
  const offered = COMPONENT_NAVIGATIONS.find((name) => metadata.includes(`NavigationProperty Name="${name}"`));
  return offered ?? COMPONENT_NAVIGATIONS[1];
}

function anyOf(filters: readonly string[]): string {
  return filters.length === 1 ? (filters[0] ?? "") : `(${filters.join(" or ")})`;
}
