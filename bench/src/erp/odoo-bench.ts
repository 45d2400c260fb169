import { completionFlow } from "@lineshaft/workflows";
import { type Report, rounded } from "../report.ts";
import { openScratch } from "../scratch.ts";
import { perSecond } from "../statistics.ts";
import { startCountingProxy } from "./counting-proxy.ts";
import { odooSystem } from "./erp-systems.ts";
import { completeNaively } from "./odoo-naive.ts";
import { openOdooGround } from "./odoo-ground.ts";
import { completionsOf, throughHub } from "./through-hub.ts";

export interface ErpSettings {
  /** Completions through the hub. */
  messages: number;
  /** A real server instead of the simulator. */
  url?: string;
  /** Odoo's version. */
  version?: number;
  folder?: string;
}

/** Completions of the naive loop, at most: its rate is the same for any number. */
export const NAIVE_MOST = 200;

/** Completions with a lot each into an Odoo: through the hub, and by the naive loop of one call at a time. */
export async function odooBench({ messages, url, version = 19, folder }: ErpSettings): Promise<Report> {
  using scratch = openScratch(folder);
  await using ground = await openOdooGround({ version, ...(url === undefined ? {} : { url }) });
  await using proxy = await startCountingProxy(ground.access.url);
  const run = Date.now().toString(36);
  const named = (kind: string, count: number) => Array.from({ length: count }, (_, at) => `${kind}-${run}-${at + 1}`);
  const [naiveOrders, orders] = [named("NV", Math.min(messages, NAIVE_MOST)), named("MO", messages)];
  await ground.prepare(naiveOrders);
  await ground.prepare(orders);

  const { database, adminLogin, adminKey } = ground.access;
  const naiveMs = await completeNaively(
    { url: proxy.url, database, login: adminLogin, key: adminKey, version: ground.version },
    naiveOrders,
  );
  const naiveCalls = proxy.calls;
  const system = odooSystem({ ...ground.access, url: proxy.url });
  const ms = await throughHub({
    ledger: scratch.path("ledger.db"),
    system,
    made: completionFlow({ odoo: { system } }),
    facts: completionsOf(orders, true),
  });
  const [rate, naive] = [perSecond(messages, ms), perSecond(naiveOrders.length, naiveMs)];
  return {
    name: "odoo",
    settings: { server: ground.name, messages, naiveMessages: naiveOrders.length },
    figures: {
      ratio: rounded(rate / naive),
      callsPerCompletion: rounded((proxy.calls - naiveCalls) / messages),
      callsPerCompletionNaive: rounded(naiveCalls / naiveOrders.length),
      perSecond: rounded(rate),
      naivePerSecond: rounded(naive),
    },
    notes: url === undefined ? ["The simulator takes the time that was measured on a real server of two cores."] : [],
  };
}
