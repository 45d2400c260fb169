import type { Found, Outcome } from "@lineshaft/core";
import { FREE, GONE, type World } from "./lease-world.ts";

export type What =
  | "starts"
  | "crashes"
  | "claims"
  | "renews"
  | "loses its lease on"
  | "gives back"
  | "recovers"
  | "reads"
  | "finds"
  | "begins"
  | "sends"
  | "keeps back"
  | "answers"
  | "settles"
  | "takes late effect"
  | "is lost on its way";

/** `worker`: -1 for none. `which`: a lane or a delivery. */
export interface Move {
  what: What;
  worker: number;
  which: number;
  said?: Outcome["kind"] | Found["kind"];
  applied?: boolean;
}

/** A move in words; `world` is the one before it. */
export function wordsOf(world: World, { what, worker: w, which, said, applied }: Move): string {
  const who = `Worker ${w + 1}`;
  const lane = `lane ${which === 0 ? "A" : "B"}`;
  const name = nameOf(which);
  switch (what) {
    case "starts":
    case "crashes":
      return `${who} ${what}.`;
    case "claims":
      return `${who} claims ${lane}${world.lanes[which]?.owner === FREE ? "" : ", whose lease ran out"}.`;
    case "renews":
      return world.lanes[which]?.owner === w
        ? `${who} renews its lease on ${lane}.`
        : `${who} learns that it lost ${lane}.`;
    case "loses its lease on":
      return w === GONE
        ? `The lease of a worker that is gone runs out on ${lane}.`
        : `${who} is paused; its lease on ${lane} runs out.`;
    case "gives back":
      return `${who} gives ${lane} back.`;
    case "recovers":
      return `${who} deals with what was in hand in ${lane}.`;
    case "reads":
      return `${who} reads that ${name} is pending.`;
    case "finds":
      return `${who} looks ${name} up: ${said ?? ""}.`;
    case "begins":
      return `${who} stores that it is sending ${name}.`;
    case "sends":
      return `${who} sends ${name}.`;
    case "keeps back":
      return `${who} sees that its lease ran out and keeps ${name} back.`;
    case "answers":
      return `${answerWords(said, applied === true)} ${name}; ${who.toLowerCase()} knows: ${said ?? ""}.`;
    case "settles":
      return `${who} hands the outcome of ${name} to the ledger: ${world.workers[w]?.hand?.said ?? ""}.`;
    case "takes late effect":
      return `A late request arrives: the target applies ${name}.`;
    case "is lost on its way":
      return `A late request of ${name} is lost.`;
  }
}

export function nameOf(delivery: number): string {
  return ["the first delivery of key a", "the second delivery of key a", "the delivery of key b"][delivery] ?? "";
}

function answerWords(said: Move["said"], applied: boolean): string {
  if (applied) return said === "done" ? "The target applies" : "The answer is dropped after the target applied";
  return said === "uncertain" ? "The call times out with the request on its way for" : "The target turns away";
}
