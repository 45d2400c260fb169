import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { type Interface, createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { answers, findProgram } from "@lineshaft/testing/mosquitto";
import { type HandMetric, sparkplugPayload } from "./sparkplug-by-hand.ts";

/** What a machine says of itself. */
export interface Shown {
  good?: number;
  state?: number;
  order?: string;
  lot?: string;
}

/** A machine of a foreign maker: it counts, and nobody asks it anything but its values. */
export interface Machine extends AsyncDisposable {
  show(values: Shown): Promise<void>;
}

/** A Python that has pymodbus, or undefined. */
export function pythonWithPymodbus(): string | undefined {
  const known = [process.env["LINESHAFT_PYTHON"], findProgram("python3"), "/usr/bin/python3"];
  return known.find((python) => {
    if (python === undefined) return false;
    try {
      execFileSync(python, ["-c", "from pymodbus.datastore import ModbusSlaveContext"], { stdio: "ignore" });
      return true;
    } catch {
      return false;
    }
  });
}

/** A process that is told something by a line, and answers each line. */
class ToldProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #lines: Interface;
  #said = "";

  constructor(program: string, args: readonly string[]) {
    this.#child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
    const { stdout, stderr } = this.#child;
    if (!stdout || !stderr) throw new Error(`${program} has no output.`);
    this.#lines = createInterface({ input: stdout });
    stderr.on("data", (chunk: Buffer) => (this.#said = (this.#said + chunk.toString()).slice(-2_000)));
    const end = () => this.#child.kill("SIGKILL");
    process.once("exit", end);
    this.#child.once("exit", () => process.off("exit", end));
  }

  tell(line: object): Promise<void> {
    return this.say(JSON.stringify(line));
  }

  /** `expected`: the answer, where other lines may come before it. */
  async say(line: string, expected?: string): Promise<void> {
    const answered = this.answer(expected);
    this.#child.stdin?.write(`${line}\n`);
    await answered;
  }

  async answer(expected?: string): Promise<void> {
    const ended = new AbortController();
    const gone = once(this.#child, "exit", { signal: ended.signal }).then(() => {
      throw new Error(`The machine ended: ${this.#said}`);
    });
    try {
      const line = async () => {
        const [said] = (await once(this.#lines, "line", { signal: ended.signal })) as [string];
        return said;
      };
      for (;;) {
        const said = await Promise.race([line(), gone]);
        if (expected === undefined || said === expected) return;
      }
    } finally {
      gone.catch(() => undefined);
      ended.abort();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await ended;
  }
}

/** Made with pymodbus: counter in two registers, state in one, order and lot as text of twenty registers each. */
export async function modbusMachine(python: string, port: number): Promise<Machine> {
  const device = new ToldProcess(python, [fileURLToPath(new URL("modbus-device.py", import.meta.url)), String(port)]);
  while (!(await answers(port)));
  return {
    async show({ good, state, order, lot }) {
      // Order and lot first: what is counted afterwards is theirs.
      if (order !== undefined) await device.tell({ address: 3, values: textRegisters(order) });
      if (lot !== undefined) await device.tell({ address: 23, values: textRegisters(lot) });
      if (state !== undefined) await device.tell({ address: 2, values: [state] });
      if (good !== undefined) await device.tell({ address: 0, values: [Math.floor(good / 65_536), good % 65_536] });
    },
    [Symbol.asyncDispose]: () => device[Symbol.asyncDispose](),
  };
}

function textRegisters(text: string): number[] {
  const bytes = Buffer.alloc(40);
  bytes.write(text);
  return Array.from({ length: 20 }, (_, n) => bytes.readUInt16BE(n * 2));
}

/** A server on open62541 where its program is named (packages/opcua/src/testing/open62541-server.c), otherwise of node-opcua. */
export function opcuaMachine(port: number, pki: string): Promise<Machine> {
  const program = process.env["LINESHAFT_OPEN62541"];
  return program === undefined ? nodeOpcuaMachine(port, pki) : open62541Machine(program, port);
}

async function open62541Machine(program: string, port: number): Promise<Machine> {
  const variables = ["good:uint32", "state:int32", "order:text", "lot:text"];
  const server = new ToldProcess(program, [String(port), "-", "-", "urn:machine", ...variables]);
  await server.answer("ready");
  return {
    async show({ order, lot, state, good }) {
      // Order and lot first: what is counted afterwards is theirs.
      for (const [name, value] of Object.entries({ order, lot, state, good }))
        if (value !== undefined) await server.say(`set ${name} ${value} ${Date.now()}`, "done");
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

async function nodeOpcuaMachine(port: number, pki: string): Promise<Machine> {
  const server = new ToldProcess(process.execPath, [
    fileURLToPath(new URL("opcua-machine.ts", import.meta.url)),
    String(port),
    pki,
  ]);
  await server.answer();
  return {
    show: (values) => server.tell(values),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** An edge node with one device whose messages are made by hand and sent by `mosquitto_pub`. */
export class SparkplugMachine implements Machine {
  readonly #port: number;
  readonly #program: string;
  #seq = 0;
  #births: Shown = {};

  constructor(port: number) {
    this.#port = port;
    this.#program = findProgram("mosquitto_pub") ?? "mosquitto_pub";
  }

  /** Its births, with all that it has to say. */
  async show(values: Shown): Promise<void> {
    const born = Object.keys(this.#births).length > 0;
    this.#births = { ...this.#births, ...values };
    if (born) return this.#send("DDATA", "/tester", metricsOf(values));
    await this.#send("NBIRTH", "", [
      { name: "bdSeq", type: "UInt64", value: 0 },
      { name: "Node Control/Rebirth", type: "Boolean", value: false },
    ]);
    await this.#send("DBIRTH", "/tester", metricsOf(this.#births));
  }

  async #send(kind: string, device: string, metrics: readonly HandMetric[]): Promise<void> {
    const topic = `spBv1.0/Hall-9/${kind}/edge-1${device}`;
    const child = spawn(this.#program, ["-h", "127.0.0.1", "-p", String(this.#port), "-q", "1", "-t", topic, "-s"], {
      stdio: ["pipe", "ignore", "inherit"],
    });
    const ended = once(child, "exit");
    child.stdin.end(sparkplugPayload(this.#seq++ % 256, Date.now(), metrics));
    const [code] = (await ended) as [number];
    if (code !== 0) throw new Error(`mosquitto_pub ended with ${code}.`);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}

function metricsOf({ order, lot, state, good }: Shown): HandMetric[] {
  const all: (HandMetric | undefined)[] = [
    order === undefined ? undefined : { name: "order", type: "String", value: order },
    lot === undefined ? undefined : { name: "lot", type: "String", value: lot },
    state === undefined ? undefined : { name: "state", type: "Int32", value: state },
    good === undefined ? undefined : { name: "good", type: "UInt32", value: good },
  ];
  return all.filter((metric) => metric !== undefined);
}
