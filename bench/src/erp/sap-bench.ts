import { completionFlow } from "@lineshaft/workflows";
import { type Report, rounded } from "../report.ts";
import { openScratch } from "../scratch.ts";
import { perSecond } from "../statistics.ts";
import { startCountingProxy } from "./counting-proxy.ts";
import { sapSystem } from "./erp-systems.ts";
import { type ErpSettings, NAIVE_MOST } from "./odoo-bench.ts";
import { type NaiveSap, confirmNaively } from "./sap-naive.ts";
import { Simulators } from "./simulators.ts";
import { OPERATION, PLANT, STORAGE_LOCATION } from "./simulators-protocol.ts";
import { completionsOf, throughHub } from "./through-hub.ts";

/** What the simulator takes for each request, and for each confirmation in it, in ms. */
const LATENCY = { requestMs: 40, writeMs: 80 };
const FIRST_ORDER = 1_000_001;

/** Confirmations into an SAP: through the hub, and by the naive loop of a token and a POST for each. */
export async function sapBench({ messages, url, folder }: ErpSettings): Promise<Report> {
  using scratch = openScratch(folder);
  await using ground = url === undefined ? await simulated(messages) : real(url, messages);
  await using proxy = await startCountingProxy(ground.access.url);
  const naiveMs = await confirmNaively({ ...ground.access, url: proxy.url }, ground.naiveOrders);
  const naiveCalls = proxy.calls;
  const { client } = ground.access;
  const system = sapSystem({ ...ground.access, url: proxy.url }, client === undefined ? {} : { client });
  const ms = await throughHub({
    ledger: scratch.path("ledger.db"),
    system,
    made: completionFlow({ s4: { system, plant: PLANT, storageLocation: STORAGE_LOCATION, operation: OPERATION } }),
    facts: completionsOf(ground.orders, false),
  });
  const [rate, naive] = [perSecond(messages, ms), perSecond(ground.naiveOrders.length, naiveMs)];
  return {
    name: "sap",
    settings: { server: ground.name, messages, naiveMessages: ground.naiveOrders.length, ...LATENCY },
    figures: {
      ratio: rounded(rate / naive),
      callsPerCompletion: rounded((proxy.calls - naiveCalls) / messages),
      callsPerCompletionNaive: rounded(naiveCalls / ground.naiveOrders.length),
      perSecond: rounded(rate),
      naivePerSecond: rounded(naive),
    },
  };
}

interface SapGround extends AsyncDisposable {
  access: NaiveSap;
  name: string;
  orders: readonly string[];
  naiveOrders: readonly string[];
}

async function simulated(messages: number): Promise<SapGround> {
  const simulators = await Simulators.start({ sap: LATENCY });
  const access = simulators.access.sap;
  if (access === undefined) throw new Error("The simulator of SAP did not start.");
  const naive = Math.min(messages, NAIVE_MOST);
  const orders = Array.from({ length: messages + naive }, (_, at) => String(FIRST_ORDER + at));
  await simulators.seed({ orders, quantity: 100 });
  return {
    access,
    name: "simulated S/4HANA",
    orders: orders.slice(naive),
    naiveOrders: orders.slice(0, naive),
    [Symbol.asyncDispose]: () => simulators[Symbol.asyncDispose](),
  };
}

/** Orders cannot be made through the hub: a real system brings a list of released ones with room for a piece more. */
function real(url: string, messages: number): SapGround {
  const value = (name: string): string => {
    const found = process.env[`LINESHAFT_SAP_${name}`];
    if (!found) throw new Error(`A real SAP needs LINESHAFT_SAP_${name} in the environment; see docs/benchmarks.md.`);
    return found;
  };
  const listed = value("ORDERS").split(",");
  const naive = Math.min(Math.floor(listed.length / 2), NAIVE_MOST);
  const client = process.env["LINESHAFT_SAP_CLIENT"];
  return {
    access: { url, username: value("USER"), password: value("PASSWORD"), ...(client === undefined ? {} : { client }) },
    name: `S/4HANA at ${url}`,
    orders: listed.slice(naive, naive + messages),
    naiveOrders: listed.slice(0, naive),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
