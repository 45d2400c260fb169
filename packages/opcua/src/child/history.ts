import {
  HistoryData,
  HistoryReadRequest,
  HistoryReadValueId,
  ReadRawModifiedDetails,
  StatusCodes,
  TimestampsToReturn,
} from "node-opcua-client";
import type { ClientSession, DataValue, HistoryReadResult, NodeId } from "node-opcua-client";
import type { Tag } from "./tags.ts";

/** Nodes in one HistoryRead: many servers answer it from a disk, one node after the other. */
const NODES_PER_READ = 100;
/** Values of one node in one answer; the rest follows by continuation points. */
const VALUES_PER_ANSWER = 1_000;

/** A time that may lack values of a tag. */
export interface Hole {
  tag: Tag;
  /** Source times of the values on both sides. */
  from: number;
  to: number;
}

/**
 * What the server's history has of the holes, both ends included. A hole whose history does not reach its end is not in
 * `whole`: the server keeps none, has not written it yet, or ended in the middle.
 */
export interface Filling {
  values: { tag: Tag; value: DataValue }[];
  whole: Set<Hole>;
  /** Of these the server keeps a history at all. */
  kept: Set<Hole>;
}

/** Reads the holes' raw values (part 11 §6.5.3), a few nodes at a time. */
export async function* readHoles(
  session: ClientSession,
  holes: readonly Hole[],
  mostValues: number,
): AsyncGenerator<Filling & { holes: readonly Hole[] }> {
  for (let at = 0; at < holes.length; at += NODES_PER_READ) {
    const some = holes.slice(at, at + NODES_PER_READ);
    yield { holes: some, ...(await readSome(session, some, mostValues)) };
  }
}

async function readSome(session: ClientSession, holes: readonly Hole[], mostValues: number): Promise<Filling> {
  const start = new Date(Math.min(...holes.map((hole) => hole.from)));
  // Part 11 §6.5.3.2: the end itself is not read.
  const end = new Date(Math.max(...holes.map((hole) => hole.to)) + 1);
  const filling: Filling = { values: [], whole: new Set(), kept: new Set() };
  const counts = new Map<Hole, number>();
  let open = holes.map((hole) => ({ hole, point: undefined as Buffer | undefined }));
  while (open.length > 0) {
    const results = await historyRead(session, open, start, end);
    const next: typeof open = [];
    for (const [index, one] of open.entries()) {
      const result = results[index];
      const { hole } = one;
      if (result === undefined || result.statusCode.isBad()) continue;
      filling.kept.add(hole);
      const values = (result.historyData instanceof HistoryData && result.historyData.dataValues) || [];
      for (const value of values) take(filling, hole, value);
      const count = (counts.get(hole) ?? 0) + values.length;
      counts.set(hole, count);
      const point = result.continuationPoint;
      if (point === undefined || point === null || point.length === 0) continue;
      if (count < mostValues) next.push({ hole, point });
      else await release(session, hole.tag.nodeId as NodeId, point);
    }
    open = next;
  }
  return filling;
}

function take(filling: Filling, hole: Hole, value: DataValue): void {
  const time = (value.sourceTimestamp ?? value.serverTimestamp)?.getTime();
  if (time === undefined || value.statusCode.equals(StatusCodes.BadNoData)) return;
  if (time >= hole.to) filling.whole.add(hole);
  if (time > hole.from && time < hole.to) filling.values.push({ tag: hole.tag, value });
}

async function historyRead(
  session: ClientSession,
  open: readonly { hole: Hole; point: Buffer | undefined }[],
  start: Date,
  end: Date,
): Promise<HistoryReadResult[]> {
  const response = await session.historyRead(
    new HistoryReadRequest({
      historyReadDetails: new ReadRawModifiedDetails({
        isReadModified: false,
        startTime: start,
        endTime: end,
        numValuesPerNode: VALUES_PER_ANSWER,
        returnBounds: false,
      }),
      nodesToRead: open.map(
        ({ hole, point }) =>
          new HistoryReadValueId({
            nodeId: hole.tag.nodeId as NodeId,
            ...(point !== undefined && { continuationPoint: point }),
          }),
      ),
      releaseContinuationPoints: false,
      timestampsToReturn: TimestampsToReturn.Both,
    }),
  );
  return response.results ?? [];
}

async function release(session: ClientSession, nodeId: NodeId, continuationPoint: Buffer): Promise<void> {
  const nodesToRead = [new HistoryReadValueId({ nodeId, continuationPoint })];
  await session
    .historyRead(
      new HistoryReadRequest({
        historyReadDetails: new ReadRawModifiedDetails({}),
        nodesToRead,
        releaseContinuationPoints: true,
      }),
    )
    .catch(() => {});
}
