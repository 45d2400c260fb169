import { rmSync } from "node:fs";
import type { Report } from "../../report.ts";
import { openScratch } from "../../scratch.ts";
import { SHOWN, Violations } from "../violations.ts";
import { type Place, makePlaces } from "../workers/network.ts";
import { GATEWAY_INVARIANTS } from "./invariants.ts";
import { type GatewayRoundFigures, type GatewayRoundOptions, roundFolder, runGatewayRound } from "./round.ts";

const BUILDS = ["cursor", "ack"] as const;

export interface GatewayCampaignOptions {
  minutes: number;
  seed: number;
  facts: number;
  rounds: number;
  /** Only the deliberately broken builds: are they caught? */
  broken: boolean;
  print: (line: string) => void;
}

/** Enough for a broken build to show. */
const BROKEN_FACTS = 600;
/** In so many rounds once the buffer is damaged at the end. */
const DAMAGE_EVERY = 3;
/** The gateway has a network of its own in every second round. */
const PLACE_EVERY = 2;

/** Rounds of a gateway and its hub with everything going wrong between them, after a check that broken builds would be noticed. */
export async function runGatewayCampaign(options: GatewayCampaignOptions): Promise<Report> {
  const { print, seed, minutes, rounds, facts, broken } = options;
  using scratch = openScratch();
  using place = openPlace(print);
  for (const invariant of GATEWAY_INVARIANTS) print(`checks that ${invariant}`);
  const startedAt = performance.now();
  const violations = new Violations(print);
  const figures: GatewayRoundFigures[] = [];
  const run = async (n: number | string, over: Partial<GatewayRoundOptions>) => {
    const folder = roundFolder(scratch.folder, n);
    const round = { seed, facts, place: undefined, violations, broken: undefined, damage: false, ...over };
    const done = await runGatewayRound({ ...round, folder });
    rmSync(folder, { recursive: true, force: true });
    return done;
  };
  let caught = 0;
  for (const build of BUILDS) {
    const found = new Violations(() => undefined);
    await run(build, { facts: BROKEN_FACTS, violations: found, broken: build });
    if (found.found.length > 0) caught++;
    else violations.add(`The broken build ${build} was not caught.`);
    print(`the broken build ${build} was caught: ${found.found[0] ?? "no"}`);
  }
  const end = startedAt + minutes * 60_000;
  const most = broken ? 0 : rounds;
  for (let n = 1; n <= most && (n === 1 || performance.now() < end); n++) {
    const before = violations.found.length;
    const own = n % PLACE_EVERY === 0 ? place.one : undefined;
    const done = await run(n, { seed: seed + n, place: own, damage: n % DAMAGE_EVERY === 0 });
    figures.push(done);
    print(
      `round ${n}, seed ${seed + n}${own === undefined ? "" : ", in a network of its own"}: ${done.facts} facts, ${done.messages} messages, ` +
        `${done.shed} shed, held back ${done.held} times, ${done.gatewayCrashes} crashes of the gateway and ${done.hubCrashes} of the hub, ` +
        `${done.faults} faults, ${violations.found.length - before} violations`,
    );
  }
  const total = (name: keyof GatewayRoundFigures) => figures.reduce((sum, one) => sum + one[name], 0);
  return {
    name: "faults",
    settings: { gateway: true, minutes, facts, broken },
    figures: {
      violations: violations.found.length,
      rounds: figures.length,
      seed,
      brokenBuildsCaught: caught,
      facts: total("facts"),
      messages: total("messages"),
      shed: total("shed"),
      held: total("held"),
      duplicates: total("duplicates"),
      gatewayCrashes: total("gatewayCrashes"),
      hubCrashes: total("hubCrashes"),
      faults: total("faults"),
      seconds: Math.round((performance.now() - startedAt) / 1_000),
    },
    notes: violations.found.slice(0, SHOWN),
  };
}

function openPlace(print: (line: string) => void): Disposable & { one: Place | undefined } {
  const made = makePlaces(1);
  if ("missing" in made) print(`skipped: a gateway with a network of its own (${made.missing})`);
  const [one] = "missing" in made ? [] : made;
  return { one, [Symbol.dispose]: () => one?.remove() };
}
