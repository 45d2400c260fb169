import {
  AttributeIds,
  CreateMonitoredItemsRequest,
  DataChangeFilter,
  DataChangeTrigger,
  DeadbandType,
  MonitoringMode,
  StatusCodes,
  TimestampsToReturn,
} from "node-opcua-client";
import type { NodeId, StatusCode } from "node-opcua-client";
import type { Session } from "./link.ts";
import type { Tag } from "./tags.ts";

/** Items in one request: a 5,000 at once take some servers longer than they give a request. */
const ITEMS_PER_REQUEST = 1_000;

export interface Monitoring {
  /** Tags whose filter the server does not do; they are monitored without it. */
  withoutDeadband: Tag[];
  /** Tags that it does not monitor; each says why. */
  refused: Tag[];
}

/** Has the server watch the tags. One that it refuses holds up none of the others. */
export async function monitor(session: Session, subscriptionId: number, tags: readonly Tag[]): Promise<Monitoring> {
  const known = tags.filter((tag) => tag.nodeId !== undefined);
  const monitoring: Monitoring = { withoutDeadband: [], refused: [] };
  for (let at = 0; at < known.length; at += ITEMS_PER_REQUEST) {
    const some = known.slice(at, at + ITEMS_PER_REQUEST);
    const results = await create(session, subscriptionId, some, true);
    const again = some.filter((tag, index) => tag.sampling.deadband && refusesFilter(results[index]));
    const second = again.length === 0 ? [] : await create(session, subscriptionId, again, false);
    for (const [index, tag] of some.entries()) {
      const repeated = again.indexOf(tag);
      const status = repeated < 0 ? results[index] : second[repeated];
      tag.refused = status?.isGoodish() ? undefined : (status?.name ?? "no answer");
      if (tag.refused !== undefined) monitoring.refused.push(tag);
      else if (repeated >= 0) monitoring.withoutDeadband.push(tag);
    }
  }
  return monitoring;
}

async function create(
  session: Session,
  subscriptionId: number,
  tags: readonly Tag[],
  filtered: boolean,
): Promise<StatusCode[]> {
  const response = await session.createMonitoredItems(
    new CreateMonitoredItemsRequest({
      subscriptionId,
      timestampsToReturn: TimestampsToReturn.Both,
      itemsToCreate: tags.map((tag) => ({
        itemToMonitor: { nodeId: tag.nodeId as NodeId, attributeId: AttributeIds.Value },
        monitoringMode: MonitoringMode.Reporting,
        requestedParameters: {
          clientHandle: tag.handle,
          // -1: as the subscription publishes (part 4 §7.21).
          samplingInterval: tag.sampling.samplingMs ?? -1,
          queueSize: tag.sampling.queueSize,
          // Of an overflow the server tells by an info bit, and what is newest stays.
          discardOldest: true,
          ...(filtered && tag.sampling.deadband && { filter: filterOf(tag.sampling.deadband) }),
        },
      })),
    }),
  );
  return (response.results ?? []).map((result) => result.statusCode);
}

function filterOf(deadband: NonNullable<Tag["sampling"]["deadband"]>): DataChangeFilter {
  const absolute = "absolute" in deadband;
  return new DataChangeFilter({
    trigger: DataChangeTrigger.StatusValue,
    deadbandType: absolute ? DeadbandType.Absolute : DeadbandType.Percent,
    deadbandValue: absolute ? deadband.absolute : deadband.percent,
  });
}

/** S7-1200 does no filter at all; others do none for text, or no percentage where a node has no range. */
function refusesFilter(status: StatusCode | undefined): boolean {
  return [
    StatusCodes.BadFilterNotAllowed,
    StatusCodes.BadMonitoredItemFilterUnsupported,
    StatusCodes.BadMonitoredItemFilterInvalid,
    StatusCodes.BadDeadbandFilterInvalid,
  ].some((refusal) => status?.equals(refusal));
}
