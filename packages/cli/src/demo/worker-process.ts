import { createLog } from "../log.ts";
import { runHub } from "../run-hub.ts";
import { type FactoryAddresses, loadFactory } from "./demo-folder.ts";
import type { DemoWorkerWord } from "./demo-worker.ts";

/*
 * One more worker of the demo's hub. Its addresses stand in the environment. It ends when it is told to, and at once when
 * the demo is gone, as its simulators are then.
 */
const { version } = JSON.parse(process.argv[2] ?? "{}") as { version: string };
const log = createLog({ level: "info" });
const definition = await loadFactory(process.env as unknown as FactoryAddresses);
const running = await runHub({ definition, port: 0, log, version });
process.once("SIGTERM", () => void running.stop().then(() => process.exit(0)));
// The demo's process gets Ctrl-C as well, and tells when to stop.
process.on("SIGINT", () => undefined);
process.once("disconnect", () => process.exit(1));
const word: DemoWorkerWord = { url: running.server.url };
process.send?.(word);
