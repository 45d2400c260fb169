import { spawnSync } from "node:child_process";

/** The end of the link that is this machine's, and the one in the namespace. */
export interface Place {
  here: string;
  there: string;
  /** Runs a command there. */
  within: readonly string[];
  /** Takes the link away: what is on its way stays there until it is back, as long as the ends have patience. */
  pull(): void;
  mend(): void;
  remove(): void;
}

/** Names of this process, so that campaigns beside each other do not meet. */
const PREFIX = `ls${(process.pid % 46_656).toString(36)}`;

/** A network namespace for each of `count` workers; a sentence why not, where this machine does not let us. */
export function makePlaces(count: number): Place[] | { missing: string } {
  const places: Place[] = [];
  try {
    for (let n = 0; n < count; n++) places.push(makePlace(n));
    return places;
  } catch (error) {
    for (const place of places) place.remove();
    return { missing: error instanceof Error ? error.message : String(error) };
  }
}

function makePlace(n: number): Place {
  const [name, link, far] = [`${PREFIX}n${n}`, `${PREFIX}h${n}`, `${PREFIX}w${n}`];
  const net = `10.${213 + (process.pid % 40)}.${(process.pid >> 6) % 256}`;
  const [here, there] = [`${net}.${n * 4 + 1}`, `${net}.${n * 4 + 2}`];
  ip("netns", "add", name);
  try {
    ip("link", "add", link, "type", "veth", "peer", "name", far, "netns", name);
    ip("addr", "add", `${here}/30`, "dev", link);
    ip("link", "set", link, "up");
    ip("-n", name, "addr", "add", `${there}/30`, "dev", far);
    ip("-n", name, "link", "set", far, "up");
    ip("-n", name, "link", "set", "lo", "up");
  } catch (error) {
    spawnSync("ip", ["netns", "del", name]);
    throw error;
  }
  return {
    here,
    there,
    within: ["ip", "netns", "exec", name],
    pull: () => ip("-n", name, "link", "set", far, "down"),
    mend: () => ip("-n", name, "link", "set", far, "up"),
    remove: () => void spawnSync("ip", ["netns", "del", name]),
  };
}

function ip(...words: string[]): void {
  const { status, error, stderr } = spawnSync("ip", words, { encoding: "utf8" });
  if (status !== 0) throw new Error(`ip ${words.join(" ")}: ${String(error ?? stderr).trim()}`);
}
