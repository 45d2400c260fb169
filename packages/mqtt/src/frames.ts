/** One MQTT packet as it came, not yet read. */
export interface Frame {
  /** Packet type, 1 to 15 (MQTT 5.0 §2.1.2). */
  type: number;
  /** The lower half of the first byte. */
  flags: number;
  /** What follows the fixed header; the beginning of it when the packet was longer than the limit. */
  body: Buffer;
  /** Length before any cut, in bytes. */
  bytes: number;
}

/** Bytes of the remaining length (MQTT 5.0 §2.1.4). */
const LENGTH_BYTES = 4;

/**
 * Cuts the broker's stream into packets. Holds at most one packet's limit and one read. A packet over the limit is
 * given with its beginning, and the rest skipped as it comes: to refuse the connection instead would let the broker
 * deliver the same packet for ever.
 */
export class FrameSplitter {
  readonly #packetBytes: number;
  #buffer: Buffer = Buffer.alloc(0);
  /** Bytes to pass over: the end of a packet that was cut. */
  #skip = 0;

  constructor(packetBytes: number) {
    this.#packetBytes = packetBytes;
  }

  push(chunk: Buffer): void {
    this.#buffer = this.#buffer.length === 0 ? chunk : Buffer.concat([this.#buffer, chunk]);
  }

  /**
   * The next packet, or undefined when it has not fully arrived.
   * @throws Error on a length no packet can have
   */
  next(): Frame | undefined {
    if (!this.#passOver()) return undefined;
    const header = readHeader(this.#buffer);
    if (header === undefined) return undefined;
    const kept = Math.min(header.bytes, this.#packetBytes);
    const end = header.at + kept;
    if (this.#buffer.length < end) return undefined;
    const first = this.#buffer[0] ?? 0;
    const frame = {
      type: first >> 4,
      flags: first & 0xf,
      body: this.#buffer.subarray(header.at, end),
      bytes: header.bytes,
    };
    this.#buffer = this.#buffer.subarray(end);
    this.#skip = header.bytes - kept;
    return frame;
  }

  /** @returns whether the cut packet's end is behind us */
  #passOver(): boolean {
    const passed = Math.min(this.#skip, this.#buffer.length);
    this.#buffer = this.#buffer.subarray(passed);
    this.#skip -= passed;
    return this.#skip === 0;
  }
}

/** Reads type and remaining length: where the body begins and how long it is. */
function readHeader(buffer: Buffer): { at: number; bytes: number } | undefined {
  let bytes = 0;
  for (let i = 1; i <= LENGTH_BYTES; i++) {
    const byte = buffer[i];
    if (byte === undefined) return undefined;
    bytes |= (byte & 0x7f) << (7 * (i - 1));
    if (byte < 0x80) return { at: i + 1, bytes };
  }
  throw new Error("a packet's length has more than four bytes");
}
