import type { MesMessage } from "./day.ts";
import type { Dice } from "./dice.ts";
import { MINUTE_MS } from "./plant.ts";

/** What goes wrong on the way from the plant. */
export interface Disturbance {
  /** Share of messages sent again, with the same id and content. */
  duplicates: number;
  /** Share of completions and consumptions that are held up, until after a later one of their order. */
  late: number;
  /** Whether a late one may even come after the order's final report. Default false. */
  lateAfterFinal: boolean;
}

/** Sends some messages again and some late, and puts all in the order of sending. */
export function disturb(messages: readonly MesMessage[], dice: Dice, given: Partial<Disturbance>): MesMessage[] {
  const { duplicates = 0.04, late = 0.03, lateAfterFinal = false } = given;
  const held = messages.map((message) => {
    const until = dice.chance(late) ? heldUntil(message, messages, lateAfterFinal) : undefined;
    return until === undefined ? message : { ...message, at: until, late: true };
  });
  const again = held.flatMap((message) =>
    dice.chance(duplicates) ? [{ ...message, at: message.at + dice.whole(1, 40) * 15_000, duplicate: true }] : [],
  );
  // Sorting keeps what is sent at the same moment in order, so that a fact never comes after its duplicate.
  return [...held, ...again].sort((a, b) => a.at - b.at);
}

/** A moment after the next report of the same kind on the same order; undefined when nothing would be overtaken. */
function heldUntil(message: MesMessage, messages: readonly MesMessage[], lateAfterFinal: boolean): number | undefined {
  const next = messages.find(
    (other) => other.kind === message.kind && orderOf(other) === orderOf(message) && other.at > message.at,
  );
  if (next === undefined || message.kind === "downtime") return undefined;
  if (isFinal(next) && !lateAfterFinal) return undefined;
  return next.at + MINUTE_MS / 2;
}

function orderOf({ fact }: MesMessage): string | undefined {
  return fact.productionOrder;
}

function isFinal({ fact }: MesMessage): boolean {
  return "final" in fact && fact.final;
}
