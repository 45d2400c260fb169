import { at, each, isBlank, neededRule, positiveRule, uniqueRule } from "../shared-rules.ts";
import type { Rule } from "../rules.ts";
import type { QualityHold } from "./quality-hold.ts";

export const qualityHoldRules: readonly Rule<QualityHold>[] = [
  neededRule({
    code: "quality-hold.lot-or-serial",
    promise: "A hold names the lot or the serial numbers it is about.",
    fix: "Give lot or serials, so that everyone knows which material to leave alone.",
    field: "/lot",
    missing: (it) => it.lot === undefined && (it.serials ?? []).length === 0,
  }),
  neededRule({
    code: "quality-hold.reason-given",
    promise: "A hold begins with a reason.",
    fix: "Say in reason why the material is held.",
    field: "/reason",
    missing: (it) => it.action === "place" && isBlank(it.reason),
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
