import { at, each, isBlank, neededRule, positiveRule, uniqueRule } from "../shared-rules.ts";
import type { Rule } from "../rules.ts";
import type { QualityHold } from "./quality-hold.ts";

export const qualityHoldRules: readonly Rule<QualityHold>[] = [
  neededRule({
    code: "quality-hold.lot-or-serial",
    promise: "A hold names the lot, the serial numbers or the production order it is about.",
    fix: "Give lot, serials or productionOrder, so that everyone knows which material to leave alone.",
    field: "/lot",
    missing: (it) => it.lot === undefined && (it.serials ?? []).length === 0 && it.productionOrder === undefined,
  }),
  neededRule({
    code: "quality-hold.reason-given",
    promise: "A hold begins and ends with a reason.",
    fix: "Say in reason why the material is held, or why it is released.",
    field: "/reason",
    missing: (it) => isBlank(it.reason),
  }),
  neededRule({
    code: "quality-hold.decided",
    promise: "A hold is ended by a person.",
    fix: "Say in decidedBy who released the material.",
    field: "/decidedBy",
    missing: (it) => it.action === "release" && it.decidedBy === undefined,
  }),
  neededRule({
    code: "quality-hold.disposition-given",
    promise: "A hold ends with a disposition: what becomes of the material.",
    fix: "Set disposition to one of: use-as-is, rework, scrap, return-to-supplier.",
    field: "/disposition",
    missing: (it) => it.action === "release" && it.disposition === undefined,
  }),
  positiveRule("quality-hold.quantity-positive", "The quantity held", (it) => at("/quantity", it.quantity)),
  uniqueRule("quality-hold.serials-unique", "A serial number", (it) =>
    each(it.serials, "/serials/*", (serial) => serial),
  ),
];
