import { LineshaftError } from "@lineshaft/core";
import { isUnitCode } from "@lineshaft/model";
import { NAME_CHARS, SAMPLES } from "./limits.ts";
import type { RuleSpec } from "./rule-specs.ts";
import type { TagSpec, TagSpecs, TagsOf } from "./tag-specs.ts";

/** Tags that say what the unit works on. The order is known while its tag is good; an empty text says that none runs. */
export interface OrderTags<T extends TagSpecs> {
  readonly productionOrder: TagsOf<T, "text">;
  readonly operation?: TagsOf<T, "text">;
  readonly product?: TagsOf<T, "text">;
  readonly lot?: TagsOf<T, "text">;
}

export interface UnitTemplateOptions<T extends TagSpecs> {
  readonly tags: T;
  /** Where the order comes from the machine itself. */
  readonly order?: OrderTags<NoInfer<T>>;
  /** By their names, which are part of the ids of facts: a rule renamed is another rule. */
  readonly rules: Readonly<Record<string, RuleSpec<NoInfer<T>>>>;
}

/** Where a unit stands in the equipment hierarchy of ISA-95. */
export interface UnitPlace {
  readonly site?: string;
  readonly area?: string;
  readonly line?: string;
  readonly workCenter: string;
  /** The machine itself. */
  readonly unit: string;
}

export interface UnitOptions<T extends TagSpecs> {
  readonly unit: string;
  readonly workCenter: string;
  /** Each tag of the template to the source's name of it; or a function of the name, for a regular plant. */
  readonly bind: { readonly [N in keyof T & string]: string } | ((tag: keyof T & string) => string);
}

/** A unit with its rules, whatever its template. */
export interface Unit {
  readonly unit: string;
  readonly workCenter: string;
  readonly tags: TagSpecs;
  readonly order: OrderTags<TagSpecs> | undefined;
  readonly rules: Readonly<Record<string, RuleSpec<TagSpecs>>>;
  /** The source's tag of each of the template's. */
  readonly bound: Readonly<Record<string, string>>;
}

/** A kind of machine: its tags and what is made of them. */
export interface UnitTemplate<T extends TagSpecs> {
  readonly tags: T;
  /** A machine of this kind. */
  unit(options: UnitOptions<T>): Unit;
}

/** Declares a kind of machine. A rule that names a tag that is not there, or is of another kind, does not compile. */
export function unitTemplate<const T extends TagSpecs>(options: UnitTemplateOptions<T>): UnitTemplate<T> {
  const { tags } = options;
  const rules = options.rules as unknown as Readonly<Record<string, RuleSpec<TagSpecs>>>;
  for (const [name, spec] of Object.entries<TagSpec>(tags)) checkTag(name, spec);
  for (const [name, rule] of Object.entries(rules)) checkRule(name, rule, tags);
  return {
    tags,
    unit({ unit, workCenter, bind }) {
      checkName("unit", unit);
      const names = Object.keys(tags) as (keyof T & string)[];
      const bound = Object.fromEntries(
        names.map((name) => [name, typeof bind === "function" ? bind(name) : bind[name]] as const),
      );
      for (const name of names)
        if (typeof bound[name] !== "string" || bound[name] === "")
          throw invalid(`Unit ${unit} binds no tag to ${name}.`, "Add it to bind.");
      return { unit, workCenter, tags, order: options.order as OrderTags<TagSpecs> | undefined, rules, bound };
    },
  };
}

export function invalid(message: string, next: string): LineshaftError {
  return new LineshaftError("config-invalid", message, { next });
}

function checkName(what: string, name: string): void {
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]*$/.test(name) || name.length > NAME_CHARS)
    throw invalid(
      `The ${what} ${name} is no fit name.`,
      `Use letters, digits, - and _, at most ${NAME_CHARS} of them: it is part of the ids of facts.`,
    );
}

function checkTag(name: string, spec: TagSpec): void {
  checkName("tag", name);
  const unit = spec.kind === "count" || spec.kind === "number" ? spec.unit : undefined;
  if (unit !== undefined && !isUnitCode(unit))
    throw invalid(`Tag ${name} has the unit ${unit}, which is not known.`, "Use a code of docs/contracts/units.md.");
  if (spec.kind !== "count") return;
  if (!(spec.maxPerSecond > 0 && Number.isFinite(spec.maxPerSecond)))
    throw invalid(
      `Tag ${name} needs a maxPerSecond above nought.`,
      "Give the most that the machine can make, doubled.",
    );
  if (spec.decimals !== undefined && !(Number.isInteger(spec.decimals) && spec.decimals >= 0 && spec.decimals <= 6))
    throw invalid(`Tag ${name} has ${spec.decimals} decimals.`, "Give 0 to 6.");
}

function checkRule(name: string, rule: RuleSpec<TagSpecs>, tags: TagSpecs): void {
  checkName("rule", name);
  if (rule.kind === "out-of-spec") checkLimits(name, rule);
  if (rule.kind === "completion" && rule.scrap?.some(({ reason }) => reason === ""))
    throw invalid(`Rule ${name} scraps without a reason.`, "Give a reason code.");
  if (rule.kind === "completion") checkRejected(name, rule, tags);
  if (rule.kind !== "summary") return;
  for (const { integral } of Object.values(rule.measures))
    if (integral !== undefined && !isUnitCode(integral.unit))
      throw invalid(`Rule ${name} sums up in ${integral.unit}.`, "Use a code of docs/contracts/units.md.");
}

/** Rejected pieces are taken from the good ones, so that both count the same way. */
function checkRejected(name: string, rule: Extract<RuleSpec<TagSpecs>, { kind: "completion" }>, tags: TagSpecs): void {
  const good = tags[rule.good];
  for (const { tag, reason } of rule.rejected ?? []) {
    const spec = tags[tag];
    if (reason === "") throw invalid(`Rule ${name} rejects without a reason.`, "Give a reason code.");
    if (spec?.kind !== "count" || good?.kind !== "count") continue;
    if ((spec.unit ?? "C62") !== (good.unit ?? "C62") || (spec.decimals ?? 0) !== (good.decimals ?? 0))
      throw invalid(
        `Rule ${name} rejects by ${tag}, which counts in other steps than ${rule.good}.`,
        "Give both the same unit and decimals.",
      );
  }
}

function checkLimits(name: string, rule: Extract<RuleSpec<TagSpecs>, { kind: "out-of-spec" }>): void {
  const { low, high, forMs, samples } = rule;
  if (low === undefined && high === undefined) throw invalid(`Rule ${name} has no limits.`, "Give low, high or both.");
  if ((forMs === undefined) === (samples === undefined))
    throw invalid(`Rule ${name} does not say when a value is out for long enough.`, "Give either forMs or samples.");
  if (samples && !(samples.beyond >= 1 && samples.beyond <= samples.of && samples.of <= SAMPLES))
    throw invalid(
      `Rule ${name} looks for ${samples.beyond} of ${samples.of} values.`,
      `Give 1 to the number of values, which is at most ${SAMPLES}.`,
    );
}
