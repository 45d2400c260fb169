/** Where tests end a gateway's process, in the order in which a fact, and a configuration, pass them. */
export const POINTS = [
  "beforeCommit",
  "afterCommit",
  "beforeSend",
  "afterAnswer",
  "afterConfirm",
  "beforeApply",
  "beforeKeep",
  "afterKeep",
] as const;
export type Point = (typeof POINTS)[number];

export type At = (point: Point) => void;

export const nowhere: At = () => undefined;
