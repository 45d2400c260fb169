import { openSqliteLedger } from "@lineshaft/ledger-sqlite";
import { makeCertificates } from "@lineshaft/testing";
import { beside, startChild } from "../child.ts";
import { type Report, rounded } from "../report.ts";
import { openScratch } from "../scratch.ts";
import { perSecond } from "../statistics.ts";
import { numberOf } from "./gateway-fact.ts";
import type { GatewayHubWord } from "./gateway-hub-process.ts";
import type { GatewayWord } from "./gateway-process.ts";
import { freePort } from "@lineshaft/testing/free-port";

export interface GatewaySettings {
  /** Facts recorded during the cut. */
  messages: number;
  /** Facts per second of the plant's clock. */
  rate: number;
  folder?: string;
}

/** The common name of the client's certificate that `makeCertificates` makes. */
const GATEWAY = "client";
const PATIENCE_MS = 3_600_000;
const PAGE = 10_000;

/** A line that is cut for a shift: what a gateway holds meanwhile, and how fast the hub has it all afterwards. */
export async function gatewayBench({ messages, rate, folder }: GatewaySettings): Promise<Report> {
  using scratch = openScratch(folder);
  using made = makeCertificates();
  const port = await freePort();
  const ledger = scratch.path("ledger.db");
  const gateway = startChild<GatewayWord>(beside(import.meta.url, "gateway-process"), {
    name: GATEWAY,
    hub: `https://127.0.0.1:${port}`,
    ca: made.ca,
    cert: made.clientCert,
    key: made.clientKey,
    buffer: scratch.path("buffer.db"),
    facts: messages,
    perSecond: rate,
  });
  try {
    const recorded = await gateway.hear("recorded", PATIENCE_MS);
    const hub = startChild<GatewayHubWord>(beside(import.meta.url, "gateway-hub-process"), {
      gateway: GATEWAY,
      port,
      cert: made.cert,
      key: made.key,
      ca: made.ca,
      ledger,
    });
    try {
      const caughtUp = await gateway.hear("caughtUp", PATIENCE_MS);
      hub.say({ stop: true });
      await hub.hear("stopped");
      return report({ messages, rate }, recorded, caughtUp, await whatArrived(ledger, messages));
    } finally {
      await hub.kill();
    }
  } finally {
    await gateway.kill();
  }
}

interface Arrived {
  lost: number;
  twice: number;
  outOfOrder: number;
}

function report(
  { messages, rate }: GatewaySettings,
  recorded: GatewayWord["recorded"],
  caughtUp: GatewayWord["caughtUp"],
  arrived: Arrived,
): Report {
  return {
    name: "gateway",
    settings: { messages, rate, cutHours: rounded(messages / rate / 3_600) },
    figures: {
      catchUpPerSecond: rounded(perSecond(messages, caughtUp.ms)),
      catchUpSeconds: rounded(caughtUp.ms / 1_000),
      rssMb: rounded(Math.max(recorded.rssMb, caughtUp.rssMb)),
      bytesPerFact: rounded(recorded.bytes / messages),
      ...arrived,
      recordPerSecond: rounded(perSecond(messages, recorded.ms)),
    },
    notes: [
      "catchUpPerSecond: from the link's coming up until the hub has confirmed the last fact, in order, one batch at a time.",
      "rssMb: the most that the gateway's process held, while it recorded and while it caught up.",
      "recordPerSecond: in commits of one simulated second each, every one synced.",
    ],
  };
}

/** Goes over the hub's ledger in its own order. */
async function whatArrived(path: string, messages: number): Promise<Arrived> {
  await using ledger = await openSqliteLedger({ path, readOnly: true });
  const seen = new Uint8Array(messages + 1);
  let [twice, outOfOrder, newest, afterId] = [0, 0, 0, 0];
  for (;;) {
    const page = await ledger.messages({ afterId, limit: PAGE });
    for (const { id, sourceId } of page) {
      const n = numberOf(sourceId);
      if (seen[n] === 1) twice++;
      if (n < newest) outOfOrder++;
      seen[n] = 1;
      newest = Math.max(newest, n);
      afterId = id;
    }
    if (page.length < PAGE) break;
  }
  return { lost: messages - seen.reduce((sum, one) => sum + one, 0), twice, outOfOrder };
}
