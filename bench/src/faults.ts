import { parseArgs } from "node:util";
import { runCampaign } from "./faults/campaign.ts";
import { runGatewayCampaign } from "./faults/gateway/campaign.ts";
import { runWorkersCampaign } from "./faults/workers/campaign.ts";
import { type Report, asJson, asText } from "./report.ts";
import { exitWhenInterrupted } from "./scratch.ts";

const USAGE = `npm run faults -- [--minutes N] [--seed N] [--json] [options]

  --minutes N       how long rounds are begun; default 2
  --rounds N        most rounds; default as many as fit
  --seed N          what is drawn; default by the clock, and printed
  --facts N         facts in each round; default 400, with --gateway 8000
  --ledger NAME     sqlite, or postgres: several hubs on one PostgreSQL; default sqlite
  --workers N       hubs on the PostgreSQL; default 3
  --gateway         a gateway and its hub, with the line between them
  --broken NAME     only the check that a broken build is caught: lookup (sqlite), fence (postgres), any (gateway)
  --targets NAME    peer, erp (Odoo and SAP), or both; default both
  --skip-disk       without the faults of the disk
  --verbose         says each thing that goes wrong (postgres)
  --json            one JSON object on the standard output; the progress goes to standard error
`;

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "2" },
    rounds: { type: "string", default: "1000000" },
    seed: { type: "string" },
    facts: { type: "string" },
    broken: { type: "string" },
    gateway: { type: "boolean", default: false },
    ledger: { type: "string", default: "sqlite" },
    workers: { type: "string", default: "3" },
    verbose: { type: "boolean", default: false },
    targets: { type: "string", default: "both" },
    "skip-disk": { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

const FACTS = 400;
/** A gateway is told many more in the same time. */
const GATEWAY_FACTS = 8_000;
const numbers = {
  minutes: Number(values.minutes),
  rounds: Number(values.rounds),
  seed: Number(values.seed ?? Date.now() % 1_000_000),
  facts: Number(values.facts ?? (values.gateway ? GATEWAY_FACTS : FACTS)),
  workers: Number(values.workers),
};
const breakable = values.gateway ? "any" : values.ledger === "postgres" ? "fence" : "lookup";
const wrong = Object.entries(numbers).find(([, value]) => !(value >= 0));
if (
  values.help ||
  wrong !== undefined ||
  !["peer", "erp", "both"].includes(values.targets) ||
  !["sqlite", "postgres"].includes(values.ledger) ||
  (values.broken !== undefined && values.broken !== breakable)
) {
  process.stderr.write(USAGE);
  process.exit(values.help ? 0 : 2);
}
const common = {
  ...numbers,
  broken: values.broken !== undefined,
  skipDisk: values["skip-disk"],
  print: (line: string) => void process.stderr.write(`${line}\n`),
};
exitWhenInterrupted();
const report = await run();
// Node does not end by itself while a connection that was cut half-way is still in its books.
process.stdout.write(`${values.json ? asJson(report) : asText(report)}\n`, () =>
  process.exit(report.figures["violations"] === 0 ? 0 : 1),
);

function run(): Promise<Report> {
  if (values.gateway) return runGatewayCampaign(common);
  if (values.ledger === "postgres") return runWorkersCampaign({ ...common, verbose: values.verbose });
  return runCampaign({ ...common, targets: values.targets });
}
