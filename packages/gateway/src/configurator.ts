import { type Clock, type Log, LineshaftError, UnavailableError, explain } from "@lineshaft/core";
import type { FactBuffer } from "./buffer.ts";
import { ConfigurationFile, type ConfigurationFiles } from "./configuration-file.ts";
import { type ConfigurationReader, type Configured, findingsText } from "./configuration.ts";
import { CONFIGURATION_DEATHS, type GatewayLimits } from "./limits.ts";
import type { Link } from "./link.ts";
import type { At } from "./points.ts";
import { type Publication, type SignedPublication, openPublication } from "./publication.ts";
import { CONFIGURATION_PATH } from "./wire.ts";

/** A configuration by its numbers, and since when it runs or was refused. */
export interface ConfigurationState {
  serial: number;
  version: number;
  since: number;
}

export interface ConfigurationRefusal extends ConfigurationState {
  message: string;
}

/** Which configuration a gateway runs, and which one it refused last. */
export interface ConfigurationStatus {
  /** Missing until a first one was fetched. */
  runs?: ConfigurationState;
  refused?: ConfigurationRefusal;
  /** What is wrong with what lies on the disk. */
  problem?: string;
}

interface ConfiguratorOptions {
  gateway: string;
  files: ConfigurationFiles;
  reader: ConfigurationReader;
  buffer: FactBuffer;
  link: Link;
  limits: GatewayLimits;
  clock: Clock;
  log: Log;
  at: At;
  /** Of the program; what one program refused, another is given a try with. */
  program: string;
  /** Stops what runs and runs this instead. It throws when it cannot, and then nothing runs. */
  apply(configured: Configured): Promise<void>;
  /** Its status changed, which the hub wants to know. */
  changed(): void;
}

/** Names of settings in the buffer. */
const NEWEST = "configuration:newest";
const GOOD = "configuration:good";
const REFUSED = "configuration:refused";
const TRYING = "configuration:trying";

/**
 * Keeps a gateway on the configuration that its hub wants: fetches it over the link, checks that the hub signed it for this
 * gateway and that it is newer, tries it, and keeps it as the last good one. What fails is refused, told to the hub, and the
 * last good one goes on.
 */
export class Configurator {
  readonly status: ConfigurationStatus = {};
  readonly #o: ConfiguratorOptions;
  readonly #file: ConfigurationFile;
  #running: Publication | undefined;
  #wanted = 0;
  #wake: (() => void) | undefined;

  constructor(options: ConfiguratorOptions) {
    this.#o = options;
    this.#file = new ConfigurationFile(options.files, options.gateway);
    const refused = this.#setting(REFUSED) as (ConfigurationRefusal & { program: string }) | undefined;
    if (refused?.program !== options.program) return;
    const { serial, version, since, message } = refused;
    this.status.refused = { serial, version, since, message };
  }

  /** Runs the last good configuration, or the one before it. Without any the gateway waits for its hub. */
  async startLastGood(): Promise<void> {
    const { kept, problems } = this.#file.load();
    const good = this.#setting(GOOD);
    const copy = isSignedPublication(good) ? openPublication(good, this.#o.gateway, this.#file.key) : undefined;
    const all = [...kept, ...(typeof copy === "object" ? [copy] : [])];
    const each = new Map(all.map((publication) => [publication.serial, publication]));
    for (const publication of [...each.values()].toSorted((a, b) => b.serial - a.serial)) {
      const why = await this.#tryToRun(publication);
      if (why === undefined) break;
      problems.push(`Version ${publication.version} does not run: ${why}`);
    }
    if (problems.length === 0) return;
    this.status.problem = problems.join(" ");
    this.#o.log.error("a kept configuration cannot be used", { problems });
  }

  /** The hub said which one it wants. */
  want(serial: number | undefined): void {
    if (serial === undefined) return;
    this.#wanted = serial;
    this.#wake?.();
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (this.#isDue()) await this.#fetch(signal);
      else await this.#awaken(signal);
    }
  }

  /** A serial that is not newer is left alone: another worker of the hub may not know the newest yet. */
  #isDue(): boolean {
    return this.#wanted > (this.#running?.serial ?? 0) && this.#wanted > (this.status.refused?.serial ?? 0);
  }

  async #fetch(signal: AbortSignal): Promise<void> {
    const { link, limits, log, clock } = this.#o;
    // Asked again when the hub says it again, with its next answer.
    this.#wanted = 0;
    try {
      const { status, body } = await link.send(
        { method: "GET", path: CONFIGURATION_PATH, limitMs: limits.requestMs },
        signal,
      );
      if (!isSignedPublication(body))
        throw new UnavailableError(`The hub hands out no configuration (HTTP ${status}).`, { next: "" });
      if (await this.take(body)) return;
    } catch (error) {
      if (signal.aborted) return;
      log.warn("a configuration could not be fetched; it is tried again", { why: explain(error) });
    }
    // Aborted means stopped, which the loop's condition sees.
    await clock.sleep(limits.retryCapMs, signal).catch(() => undefined);
  }

  /** Takes it over, or refuses it in a sentence and gives false. */
  async take(signed: SignedPublication): Promise<boolean> {
    const { gateway, log, buffer, at } = this.#o;
    const opened = openPublication(signed, gateway, this.#file.key);
    // Nothing that it says of itself counts.
    if (typeof opened === "string") return this.#refuse({ serial: 0, version: 0 }, opened);
    const why = this.#whyNot(opened) ?? (await this.#change(opened));
    if (why !== undefined) return this.#refuse(opened, why);
    at("beforeKeep");
    this.#file.save(signed);
    // Beside the file as well: one of the two survives what damages the other.
    buffer.saveSetting(GOOD, JSON.stringify(signed));
    buffer.saveSetting(NEWEST, opened.serial);
    buffer.clearSetting(REFUSED);
    delete this.status.refused;
    delete this.status.problem;
    at("afterKeep");
    this.#o.changed();
    log.info("runs a new configuration", { version: opened.version, serial: opened.serial });
    return true;
  }

  #whyNot(publication: Publication): string | undefined {
    const { serial, version, back } = publication;
    const newest = Math.max(Number(this.#o.buffer.setting(NEWEST) ?? 0), this.#running?.serial ?? 0);
    if (serial < newest || serial === this.#running?.serial)
      return `It is number ${serial} of what was published for this gateway, and number ${newest} is known already: something old was sent again.`;
    if (back !== true && version < (this.#running?.version ?? 0))
      return `It is version ${version}, older than version ${this.#running?.version} which runs, and is no roll-back.`;
    return undefined;
  }

  /** Undefined when it runs now; otherwise why not, with what ran before running again. */
  async #change(publication: Publication): Promise<string | undefined> {
    const before = this.#running;
    const since = this.status.runs;
    const why = await this.#tryCounted(publication);
    if (why === undefined || this.#running !== undefined) return why;
    if (before === undefined) {
      await this.#o.apply({ systems: [] });
      return why;
    }
    const again = await this.#tryToRun(before);
    if (again === undefined && since !== undefined) this.status.runs = since;
    return again === undefined ? why : `${why} The one before does not start again either: ${again}`;
  }

  /**
   * A new one may end the process instead of throwing, so its tries are counted before. One that was good is tried at every
   * start, however often the power fails in the middle of it.
   */
  async #tryCounted(publication: Publication): Promise<string | undefined> {
    const { buffer } = this.#o;
    const { serial } = publication;
    const before = this.#setting(TRYING) as { serial: number; deaths: number } | undefined;
    const deaths = before?.serial === serial ? before.deaths : 0;
    if (deaths >= CONFIGURATION_DEATHS) return `The gateway's process ended ${deaths} times while it started with it.`;
    buffer.saveSetting(TRYING, JSON.stringify({ serial, deaths: deaths + 1 }));
    const why = await this.#tryToRun(publication);
    buffer.clearSetting(TRYING);
    return why;
  }

  /** Undefined when it runs. */
  async #tryToRun(publication: Publication): Promise<string | undefined> {
    const { reader, clock, at } = this.#o;
    const { serial, version, type, data } = publication;
    if (type !== reader.type) return `It is of type ${type}, and this program takes ${reader.type}.`;
    const findings = reader.check(data);
    if (findings.length > 0) return `It does not fit ${type}. ${findingsText(findings)}`;
    at("beforeApply");
    try {
      const configured = reader.build(data);
      checkConfigured(configured);
      this.#running = undefined;
      delete this.status.runs;
      await this.#o.apply(configured);
    } catch (error) {
      return explain(error);
    }
    this.#running = publication;
    this.status.runs = { serial, version, since: clock.now() };
    return undefined;
  }

  #refuse({ serial, version }: { serial: number; version: number }, message: string): false {
    const { buffer, clock, log, program } = this.#o;
    this.status.refused = { serial, version, since: clock.now(), message };
    buffer.saveSetting(REFUSED, JSON.stringify({ ...this.status.refused, program }));
    log.error("a configuration is refused; the last good one goes on", { serial, version, why: message });
    this.#o.changed();
    return false;
  }

  #setting(name: string): unknown {
    const value = this.#o.buffer.setting(name);
    return typeof value === "string" ? JSON.parse(value) : undefined;
  }

  #awaken(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#wake = undefined;
        signal.removeEventListener("abort", done);
        resolve();
      };
      this.#wake = done;
      signal.addEventListener("abort", done, { once: true });
      if (signal.aborted || this.#isDue()) done();
    });
  }
}

/** What no schema of a project can say. @throws LineshaftError `config-invalid` */
export function checkConfigured({ systems, limits = {} }: Configured): void {
  const wrong = (message: string, next: string): never => {
    throw new LineshaftError("config-invalid", message, { next });
  };
  const names = systems.map((system) => system.name);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) wrong(`It has two systems ${twice}.`, "Rename one.");
  for (const [name, value] of Object.entries(limits))
    if (!(Number.isFinite(value) && value >= 0)) wrong(`Its limit ${name} is ${value}.`, "Give a number, not below 0.");
}

function isSignedPublication(body: unknown): body is SignedPublication {
  return (
    typeof body === "object" &&
    body !== null &&
    "text" in body &&
    typeof body.text === "string" &&
    "signature" in body &&
    typeof body.signature === "string"
  );
}
