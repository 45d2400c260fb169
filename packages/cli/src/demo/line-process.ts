import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "@lineshaft/core";
import { type MachineView, type PressLineMemory, startPressLine } from "@lineshaft/simulators/plant";

/*
 * The machines of the demo's hall 2, in a process of their own: an OPC UA server takes seconds to load. It ends when it is
 * told to, and at once when the demo is gone.
 */

export interface LineProcessOptions {
  /** Folder of what the machines know again. */
  data: string;
  brokerUrl: string;
  seed: number;
  cycleMs: number;
}

/** What the machines' process says: where they are, once, then how they stand. */
export type LineWord =
  | { kind: "ready"; endpoint: string; certificate: string; modbusPort: number; terminalUrl: string }
  | { kind: "machines"; machines: MachineView[] }
  | { kind: "failed"; message: string };

/** What it is told: the machines shall work. */
export interface LineWish {
  kind: "run";
}

const say = (word: LineWord): void => void (process.connected && process.send?.(word, () => undefined));

// The demo's process gets Ctrl-C as well, and tells when to stop.
process.on("SIGINT", () => undefined);
process.once("SIGTERM", () => process.exit(0));
process.once("disconnect", () => process.exit(1));

async function start({ data, brokerUrl, seed, cycleMs }: LineProcessOptions): Promise<void> {
  const path = join(data, "machines.json");
  const memory = existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as PressLineMemory) : undefined;
  const remember = (newest: PressLineMemory): void => {
    writeFileSync(`${path}.new`, JSON.stringify(newest));
    renameSync(`${path}.new`, path);
  };
  const tell = (): void => say({ kind: "machines", machines: line.machines() });
  const line = await startPressLine({
    clock: systemClock,
    folder: join(data, "pki"),
    brokerUrl,
    seed,
    cycleMs,
    memory,
    remember,
    onChange: tell,
  });
  process.on("message", (_wish: LineWish) => line.run());
  const { opcua, modbusPort, terminalUrl } = line;
  say({ kind: "ready", ...opcua, modbusPort, terminalUrl });
  tell();
}

start(JSON.parse(process.argv[2] ?? "{}") as LineProcessOptions).catch((error: unknown) => {
  console.error(error);
  process.send?.({ kind: "failed", message: String(error) } satisfies LineWord, () => process.exit(1));
});
if (!process.connected) process.exit(1);
