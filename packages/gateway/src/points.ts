/** Where tests end a gateway's process: around the commit of what was recorded, a batch's way, and its confirmation. */
export type Point = "beforeCommit" | "afterCommit" | "beforeSend" | "afterAnswer" | "afterConfirm";

export type At = (point: Point) => void;

export const nowhere: At = () => undefined;
