import { LineshaftError } from "@lineshaft/core";

export interface TopicTemplate {
  /** What is subscribed to: `plant/+/+/completion`. */
  filter: string;
  /** The fields of a topic, or undefined when it is not one of these. */
  match(topic: string): Record<string, string> | undefined;
}

/** Longest topic (MQTT 5.0 §1.5.4: a string's length has 16 bits). */
const TOPIC_BYTES = 65_535;

const FIELD = /^\{([A-Za-z][A-Za-z0-9_]*)(\*?)\}$/;

/**
 * Compiles `plant/{site}/{line}/completion`. A wildcard of MQTT fills a whole level (MQTT 5.0 §4.7.1), so a field does
 * too; `{rest*}` takes this and all following levels and stands last. `+` and `#` may be written for levels nobody needs.
 *
 * @throws LineshaftError `config-invalid`
 */
export function compileTopic(template: string): TopicTemplate {
  if (template === "" || Buffer.byteLength(template) > TOPIC_BYTES)
    fail(template, "is empty or too long", "Write a topic.");
  if (template.startsWith("$share/")) fail(template, "names a share", "Put the group's name into `shared`.");
  const levels = template.split("/");
  const names: string[] = [];
  const filter: string[] = [];
  let pattern = "";
  for (const [at, level] of levels.entries()) {
    const { wildcard, name } = parseLevel(template, level);
    if (wildcard === "#" && at < levels.length - 1) fail(template, `has levels after ${level}`, "Let it stand last.");
    if (name !== undefined && names.includes(name)) fail(template, `has two fields ${name}`, "Rename one.");
    if (name !== undefined) names.push(name);
    filter.push(wildcard ?? level);
    pattern += levelPattern({ at, level, wildcard, name });
  }
  const expression = new RegExp(`^${pattern}$`, "s");
  return { filter: filter.join("/"), match: (topic) => fieldsOf(expression, names, topic) };
}

function parseLevel(template: string, level: string): { wildcard?: "+" | "#"; name?: string } {
  if (level === "+" || level === "#") return { wildcard: level };
  const field = FIELD.exec(level);
  if (field?.[1] !== undefined) return { wildcard: field[2] === "*" ? "#" : "+", name: field[1] };
  if (/[{}+#\0]/.test(level)) {
    fail(
      template,
      `has a level "${level}"`,
      "A field fills its level: {line}, not line-{line}; letters, digits and _ only.",
    );
  }
  return {};
}

interface Level {
  at: number;
  level: string;
  wildcard?: "+" | "#" | undefined;
  name?: string | undefined;
}

function levelPattern({ at, level, wildcard, name }: Level): string {
  const slash = at === 0 ? "" : "/";
  const open = name === undefined ? "(?:" : "(";
  // `a/#` stands for `a` too (MQTT 5.0 §4.7.1.2).
  if (wildcard === "#") return at === 0 ? `${open}.*)` : `(?:/${open}.*))?`;
  if (wildcard === "+") return `${slash}${open}[^/]*)`;
  return slash + level.replaceAll(/[$()*+.?[\\\]^{|}]/g, "\\$&");
}

function fieldsOf(expression: RegExp, names: readonly string[], topic: string): Record<string, string> | undefined {
  const found = expression.exec(topic);
  if (found === null) return undefined;
  return Object.fromEntries(names.map((name, at) => [name, found[at + 1] ?? ""]));
}

function fail(template: string, message: string, next: string): never {
  throw new LineshaftError("config-invalid", `The topic ${template} ${message}.`, { next });
}
