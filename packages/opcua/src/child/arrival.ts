import type { DataValue } from "node-opcua-client";
import type { Arrival } from "./tag-order.ts";
import type { Tag } from "./tags.ts";
import { changeOf } from "./value.ts";

/** Severity, subcode and structure bits of a status code; the info bits are about its delivery (part 4 §7.39). */
const STATUS_BITS = 0xffff_0000;

/** A value of the server, and whether values before it are missing. */
export function arrivalOf(
  tag: Tag,
  data: DataValue,
  receivedTime: number,
): { tag: Tag; arrival: Arrival; overflow: boolean } {
  return {
    tag,
    overflow: data.statusCode.hasOverflowBit,
    arrival: {
      change: changeOf(tag.name, data, receivedTime),
      picoseconds: data.sourcePicoseconds,
      status: (data.statusCode.value & STATUS_BITS) >>> 0,
    },
  };
}
