import { parseArgs } from "node:util";
import { benches } from "./benches.ts";
import { asJson, asText } from "./report.ts";
import { exitWhenInterrupted } from "./scratch.ts";

/** Run only when they are named: they take long, or much room on the disk. */
const LONG = ["growth", "peers"];
const USAGE = `npm run bench -- [name …] [--json] [options]

  Names: ${Object.keys(benches).join(", ")}; without any, all of them but growth and peers.

  --json            one JSON object per bench, one on each line
  --messages N      messages per timed round; growth: messages in the grown ledger
  --rounds N        rounds; the figures are their medians
  --seconds N       engine: length of each open-loop round; failover: time before each kill
  --rate N          engine, failover: facts per second of the open loop
  --pending N       backlog: pending deliveries
  --version 17|18|19  odoo: which simulator
  --url URL         odoo, sap: a real server; credentials from the environment, see docs/benchmarks.md
  --ledger NAME     engine, backlog, calibrate: sqlite (default) or postgres
  --out FILE        calibrate: where the constants are written; default .lineshaft/calibration.json
  --folder PATH     where ledgers are made; it should be on a real disk
  --peers a,b       peers: which tools; without, all of them. Other tools are installed on first use
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
    messages: { type: "string" },
    rounds: { type: "string" },
    seconds: { type: "string" },
    rate: { type: "string" },
    pending: { type: "string" },
    version: { type: "string" },
    url: { type: "string" },
    folder: { type: "string" },
    ledger: { type: "string" },
    out: { type: "string" },
    peers: { type: "string" },
  },
});

const names = positionals.length > 0 ? positionals : Object.keys(benches).filter((name) => !LONG.includes(name));
const unknown = names.filter((name) => !(name in benches));
if (values.help || unknown.length > 0) {
  process.stderr.write(unknown.length > 0 ? `There is no bench ${unknown.join(", ")}.\n\n${USAGE}` : USAGE);
  process.exit(values.help ? 0 : 2);
}
exitWhenInterrupted();
for (const name of names) {
  if (!values.json) process.stderr.write(`${name} …\n`);
  const report = await benches[name as keyof typeof benches]({
    ...numbers(values),
    ...(values.url === undefined ? {} : { url: values.url }),
    ...(values.folder === undefined ? {} : { folder: values.folder }),
    ...(values.ledger === undefined ? {} : { ledger: values.ledger }),
    ...(values.out === undefined ? {} : { out: values.out }),
    ...(values.peers === undefined ? {} : { peers: values.peers }),
  });
  process.stdout.write(`${values.json ? asJson(report) : asText(report)}\n`);
}

function numbers(
  given: typeof values,
): Partial<Record<"messages" | "rounds" | "seconds" | "rate" | "pending" | "version", number>> {
  const found: Record<string, number> = {};
  for (const name of ["messages", "rounds", "seconds", "rate", "pending", "version"] as const) {
    const text = given[name];
    if (text === undefined) continue;
    const value = Number(text);
    if (!(value > 0)) {
      process.stderr.write(`--${name} ${text} is not a number above nought.\n`);
      process.exit(2);
    }
    found[name] = value;
  }
  return found;
}
