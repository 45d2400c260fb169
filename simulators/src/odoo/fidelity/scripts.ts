import { orderScripts } from "./orders.ts";
import type { Script } from "./orders.ts";
import { rpcScripts } from "./rpc.ts";
import { stockScripts } from "./stock.ts";

/** Every script by the promise it shows. The same run over a simulator and over a real server, and must tell the same. */
export const scripts: Readonly<Record<string, Script>> = { ...orderScripts, ...stockScripts, ...rpcScripts };
