import type { Log } from "@lineshaft/core";
import type { FastifyInstance } from "fastify";
import { isOwnWrite } from "./loopback.ts";
import type { PlantView } from "./plant-view.ts";

/** One fault that a simulator can be told to have. */
export interface FaultOffer {
  system: string;
  /** Stable word: `outage`, `drop-answer`. */
  fault: string;
  /** A button's text: `Go away for 20 s`. */
  title: string;
  /** What will be seen, as a sentence. */
  effect: string;
  /** Until when it lasts, ms since 1970, while it is on. */
  activeUntil?: number;
  /** Since when it is on, where it lasts until somebody ends it. */
  activeSince?: number;
  /** The button's text while it is on, and what is seen when it was ended; defaults name the system. */
  endTitle?: string;
  endEffect?: string;
}

/** The demo's switchboard over its simulators. */
export interface FaultSwitchboard {
  offers(): FaultOffer[];
  /** Switches a fault on for its while, or all of a system's faults off. */
  inject(system: string, fault: string): void;
  clear(system: string): void;
  /** Where the demo has a plant behind a gateway. */
  plant?(): PlantView;
}

const body = {
  type: "object",
  required: ["system", "fault"],
  additionalProperties: false,
  properties: {
    system: { type: "string", maxLength: 80 },
    /** `none` ends all faults of the system. */
    fault: { type: "string", maxLength: 80 },
  },
} as const;

/** `POST /api/faults { system, fault }`; exists only where a switchboard is handed in. */
export function faultRoutes(app: FastifyInstance, faults: FaultSwitchboard, log: Log): void {
  app.post<{ Body: { system: string; fault: string } }>("/api/faults", { schema: { body } }, (request, reply) => {
    if (!isOwnWrite(request))
      return reply.code(403).send({
        code: "usage",
        message: "Faults are only taken as JSON from this server's own page or from a program on this machine.",
        next: "Send content-type: application/json without a foreign Origin.",
      });
    const { system, fault } = request.body;
    const known = faults.offers().filter((offer) => offer.system === system);
    if (known.length === 0 || (fault !== "none" && !known.some((offer) => offer.fault === fault)))
      return reply.code(404).send({
        code: "not-found",
        message: `There is no fault ${fault} for ${system}.`,
        next: "Look at faults in /api/status for what there is.",
      });
    if (fault === "none") faults.clear(system);
    else faults.inject(system, fault);
    log.info("Fault switched.", { system, fault });
    return reply.send({ offers: faults.offers() });
  });
}
