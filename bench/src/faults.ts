import { parseArgs } from "node:util";
import { runCampaign } from "./faults/campaign.ts";
import { asJson, asText } from "./report.ts";

const USAGE = `npm run faults -- [--minutes N] [--seed N] [--json] [options]

  --minutes N       how long rounds are begun; default 2
  --rounds N        most rounds; default as many as fit
  --seed N          what is drawn; default by the clock, and printed
  --facts N         facts in each round; default 400
  --broken lookup   only the check that a build without look-ups is caught
  --targets NAME    peer, erp (Odoo and SAP), or both; default both
  --skip-disk       without the faults of the disk
  --json            one JSON object on the standard output; the progress goes to standard error
`;

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "2" },
    rounds: { type: "string", default: "1000000" },
    seed: { type: "string" },
    facts: { type: "string", default: "400" },
    broken: { type: "string" },
    targets: { type: "string", default: "both" },
    "skip-disk": { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

const numbers = {
  minutes: Number(values.minutes),
  rounds: Number(values.rounds),
  seed: Number(values.seed ?? Date.now() % 1_000_000),
  facts: Number(values.facts),
};
const wrong = Object.entries(numbers).find(([, value]) => !(value >= 0));
if (
  values.help ||
  wrong !== undefined ||
  !["peer", "erp", "both"].includes(values.targets) ||
  (values.broken !== undefined && values.broken !== "lookup")
) {
  process.stderr.write(USAGE);
  process.exit(values.help ? 0 : 2);
}
const report = await runCampaign({
  ...numbers,
  broken: values.broken === "lookup",
  targets: values.targets,
  skipDisk: values["skip-disk"],
  print: (line) => process.stderr.write(`${line}\n`),
});
process.stdout.write(`${values.json ? asJson(report) : asText(report)}\n`);
process.exitCode = report.figures["violations"] === 0 ? 0 : 1;
