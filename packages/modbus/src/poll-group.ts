import { planReads } from "./read-plan.ts";
import type { Read } from "./read-plan.ts";
import type { ModbusLimits } from "./options.ts";
import type { Point } from "./register-map.ts";

/** Registers that are read together, at one interval. */
export class PollGroup {
  readonly intervalMs: number;
  readonly tags: readonly string[];
  /** When it is read next; a group that was never read is due. */
  dueAt = 0;
  /** When all of it was answered last; undefined before the first time. */
  readAt: number | undefined;
  /** Smaller ones take the place of what the device refuses. */
  reads: readonly Read[];

  constructor(intervalMs: number, points: readonly Point[], limits: ModbusLimits) {
    this.intervalMs = intervalMs;
    this.tags = points.map((point) => point.tag);
    this.reads = planReads(points, limits);
  }

  /** In step with the interval; what is overdue already is left out, so that a slow device is not asked without a rest. */
  schedule(now: number): void {
    const late = Math.max(0, now - this.dueAt);
    this.dueAt =
      this.dueAt === 0
        ? now + this.intervalMs
        : this.dueAt + this.intervalMs * (1 + Math.floor(late / this.intervalMs));
  }
}

/** One group for each interval, the shortest first. */
export function groupPoints(points: readonly Point[], limits: ModbusLimits): PollGroup[] {
  const byInterval = new Map<number, Point[]>();
  for (const point of points) {
    const group = byInterval.get(point.intervalMs);
    if (group) group.push(point);
    else byInterval.set(point.intervalMs, [point]);
  }
  return [...byInterval]
    .toSorted(([a], [b]) => a - b)
    .map(([intervalMs, group]) => new PollGroup(intervalMs, group, limits));
}
