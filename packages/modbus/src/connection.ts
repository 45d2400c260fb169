import { connect } from "node:net";
import type { Duplex } from "node:stream";
import { UnavailableError } from "@lineshaft/core";
import type { Clock, Timer } from "@lineshaft/core";
import { ModbusException, ShortAnswer } from "./exceptions.ts";
import type { Refusal } from "./exceptions.ts";
import type { Dial, ModbusLimits, ModbusTable } from "./options.ts";
import { isBitTable } from "./register-map.ts";

/** Reading is all there is: no other function has a name or a number here (1.1b3 §6.1 to §6.4). */
const readFunctions: Record<ModbusTable, number> = { coil: 1, discrete: 2, holding: 3, input: 4 };

/** Transaction, protocol, length and unit (Modbus messaging on TCP/IP 1.0b §3.1.3). */
const HEADER_BYTES = 7;
/** Longest frame, header included. */
const FRAME_BYTES = 260;
const EXCEPTION_FLAG = 0x80;

export interface ConnectionSettings {
  name: string;
  host: string;
  port: number;
  unit: number;
  limits: ModbusLimits;
  clock: Clock;
  dial: Dial | undefined;
}

interface Asked {
  transaction: number;
  function: number;
  bytes: number;
  answer(data: Buffer): void;
  refuse(refusal: Refusal): void;
  fail(error: Error): void;
}

/**
 * One connection with one request under way. Whatever does not answer that request, a late answer to an earlier one
 * before all, ends the connection: from then on nobody could tell whose values are read.
 */
export class ModbusConnection implements Disposable {
  readonly #settings: ConnectionSettings;
  readonly #socket: Duplex;
  #received: Buffer = Buffer.alloc(0);
  #transaction = 0;
  #asked: Asked | undefined;
  #ended: Error | undefined;

  private constructor(settings: ConnectionSettings, socket: Duplex) {
    this.#settings = settings;
    this.#socket = socket;
    socket.on("data", (data: Buffer) => this.#take(data));
    socket.on("error", (error) => this.#end(this.#lost(error.message)));
    socket.on("close", () => this.#end(this.#lost("the connection was closed")));
  }

  /** @throws UnavailableError when nobody answers, or the signal is aborted */
  static async open(settings: ConnectionSettings, signal: AbortSignal): Promise<ModbusConnection> {
    const { host, port, dial = dialTcp } = settings;
    signal.throwIfAborted();
    const connection = new ModbusConnection(settings, dial({ host, port }));
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    connection.#asked = {
      transaction: -1,
      function: 0,
      bytes: 0,
      answer: () => resolve(),
      refuse: reject,
      fail: reject,
    };
    connection.#socket.once("connect", () => resolve());
    await connection.#wait(promise, settings.limits.connectMs, signal);
    return connection;
  }

  /** Whether it can be asked. */
  get open(): boolean {
    return this.#ended === undefined;
  }

  /**
   * The bytes of registers or bits, as they came.
   * @throws ModbusException, ShortAnswer when the device refuses; the connection stays
   * @throws UnavailableError when the connection is lost, or the answer is none to this request; the connection is gone
   */
  async read(read: { table: ModbusTable; address: number; count: number }, signal: AbortSignal): Promise<Buffer> {
    if (this.#ended) throw this.#ended;
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    this.#transaction = (this.#transaction + 1) & 0xffff;
    const code = readFunctions[read.table];
    this.#asked = {
      transaction: this.#transaction,
      function: code,
      bytes: isBitTable(read.table) ? Math.ceil(read.count / 8) : read.count * 2,
      answer: resolve,
      refuse: reject,
      fail: reject,
    };
    const frame = Buffer.alloc(HEADER_BYTES + 5);
    frame.writeUInt16BE(this.#transaction, 0);
    frame.writeUInt16BE(6, 4);
    frame.writeUInt8(this.#settings.unit, 6);
    frame.writeUInt8(code, 7);
    frame.writeUInt16BE(read.address, 8);
    frame.writeUInt16BE(read.count, 10);
    this.#socket.write(frame);
    return this.#wait(promise, this.#settings.limits.requestMs, signal);
  }

  [Symbol.dispose](): void {
    this.#end(this.#lost("it was closed here"));
  }

  /** Whoever gives up waiting drops the connection, so that the answer cannot arrive later in another one's place. */
  async #wait<T>(answer: Promise<T>, ms: number, signal: AbortSignal): Promise<T> {
    const stop = () => this.#end(this.#lost("the reader was stopped"));
    const late: Timer = this.#settings.clock.after(ms, () => this.#end(this.#lost(`no answer within ${ms} ms`)));
    signal.addEventListener("abort", stop, { once: true });
    try {
      return await answer;
    } finally {
      late.cancel();
      signal.removeEventListener("abort", stop);
      this.#asked = undefined;
    }
  }

  #take(data: Buffer): void {
    this.#received = this.#received.length === 0 ? data : Buffer.concat([this.#received, data]);
    while (this.#ended === undefined && this.#received.length >= HEADER_BYTES) {
      const length = this.#received.readUInt16BE(4);
      const end = HEADER_BYTES - 1 + length;
      if (this.#received.readUInt16BE(2) !== 0 || length < 3 || end > FRAME_BYTES) {
        this.#end(
          this.#lost(`it sent ${this.#received.subarray(0, HEADER_BYTES).toString("hex")}, which is no Modbus`),
        );
        return;
      }
      if (this.#received.length < end) return;
      const frame = this.#received.subarray(0, end);
      this.#received = this.#received.subarray(end);
      this.#judge(frame);
    }
  }

  #judge(frame: Buffer): void {
    const asked = this.#asked;
    const strange = asked === undefined ? "it sent an answer that nobody waits for" : this.#strange(frame, asked);
    if (strange !== undefined || asked === undefined) {
      this.#end(this.#lost(strange ?? ""));
      return;
    }
    this.#asked = undefined;
    const code = frame.readUInt8(HEADER_BYTES);
    if (code & EXCEPTION_FLAG) asked.refuse(new ModbusException(frame.readUInt8(HEADER_BYTES + 1)));
    else this.#answer(Buffer.from(frame.subarray(HEADER_BYTES + 2)), asked);
  }

  #answer(values: Buffer, asked: Asked): void {
    if (values.length < asked.bytes) asked.refuse(new ShortAnswer(values.length, asked.bytes));
    else asked.answer(values);
  }

  /** @returns why this is no answer to what was asked */
  #strange(frame: Buffer, asked: Asked): string | undefined {
    const transaction = frame.readUInt16BE(0);
    const unit = frame.readUInt8(6);
    const code = frame.readUInt8(HEADER_BYTES);
    const bytes = frame.readUInt8(HEADER_BYTES + 1);
    if (transaction !== asked.transaction)
      return `it answered transaction ${transaction} instead of ${asked.transaction}, as late answers do`;
    if (unit !== this.#settings.unit) return `unit ${unit} answered instead of ${this.#settings.unit}`;
    if (code === (asked.function | EXCEPTION_FLAG))
      return frame.length === HEADER_BYTES + 2 ? undefined : `its exception has ${frame.length - HEADER_BYTES} bytes`;
    if (code !== asked.function) return `it answered function ${code} instead of ${asked.function}`;
    if (bytes > asked.bytes || frame.length !== HEADER_BYTES + 2 + bytes)
      return `it sent ${frame.length - HEADER_BYTES - 2} bytes of values and says ${bytes}; ${asked.bytes} were asked for`;
    return undefined;
  }

  #end(error: Error): void {
    if (this.#ended) return;
    this.#ended = error;
    this.#socket.destroy();
    this.#asked?.fail(error);
  }

  #lost(said: string): UnavailableError {
    const { name, host, port, unit } = this.#settings;
    return new UnavailableError(`Cannot read Modbus device ${name}, unit ${unit} at ${host}:${port}.`, {
      said,
      next: said.includes("ECONNREFUSED")
        ? "Switch Modbus TCP on at the device, or correct host and port."
        : "Look at the device and the network; many devices take one connection only.",
    });
  }
}

const dialTcp: Dial = ({ host, port }) => connect({ host, port, noDelay: true, keepAlive: true });
