import { isUtf8 } from "node:buffer";

/** A payload that is none of Sparkplug B. The message says what is wrong, in which metric, at which byte. */
export class PayloadError extends Error {}

// Wire types of protocol buffers; 3 and 4 are groups, which Sparkplug never had.
const VARINT = 0;
const FIXED_64 = 1;
const DELIMITED = 2;
const FIXED_32 = 5;

// 64 bits, seven in each byte.
const VARINT_BYTES = 10;

/** Above these many units of 2^32 a 64-bit number is no exact `number` any more. */
const SAFE_HIGH = 2 ** 21;

const TWO_32 = 2 ** 32;

/**
 * Reads the wire format of protocol buffers. It walks one buffer and makes no objects but the values asked for: this is
 * the path that every value of a plant takes.
 */
export class Wire {
  readonly bytes: Buffer;
  at: number;
  /** Where the message that is being read ends. */
  end: number;
  /** The two halves of the last varint, unsigned. */
  low = 0;
  high = 0;
  /** Which metric is being read, from 0; for errors. */
  metric = -1;
  readonly #stringBytes: number;

  constructor(bytes: Buffer, stringBytes: number) {
    this.bytes = bytes;
    this.at = 0;
    this.end = bytes.length;
    this.#stringBytes = stringBytes;
  }

  /** Field number and wire type of the next field, `number << 3 | type`. */
  tag(): number {
    this.varint();
    if (this.high !== 0 || this.low < 8) this.fail("a field without a valid number");
    return this.low;
  }

  /** Reads a varint into `low` and `high`. */
  varint(): void {
    const { bytes, end } = this;
    let low = 0;
    let high = 0;
    for (let i = 0; i < VARINT_BYTES; i++) {
      if (this.at >= end) this.fail("a number that has no end");
      const byte = bytes[this.at++] ?? 0;
      const bits = byte & 0x7f;
      if (i < 4) low |= bits << (7 * i);
      else if (i === 4) {
        low |= bits << 28;
        high |= bits >>> 4;
      } else high |= bits << (7 * i - 32);
      if (byte < 0x80) {
        this.low = low >>> 0;
        this.high = high >>> 0;
        return;
      }
    }
    this.fail("a number of more than ten bytes");
  }

  /** 32 bits, unsigned. What a sender sign-extended to 64 is cut to its lower half, as protocol buffers do. */
  uint32(): number {
    this.varint();
    return this.low;
  }

  /** A `number` where it is exact, else a `bigint`. */
  uint64(): number | bigint {
    this.varint();
    return unsigned(this.low, this.high);
  }

  /** Milliseconds since 1970, or undefined when no calendar has them. */
  time(): number | undefined {
    this.varint();
    const ms = this.high * TWO_32 + this.low;
    return ms <= LAST_TIME ? ms : undefined;
  }

  bool(): boolean {
    this.varint();
    return this.low !== 0 || this.high !== 0;
  }

  float(): number {
    const at = this.#pass(4);
    return this.bytes.readFloatLE(at);
  }

  double(): number {
    const at = this.#pass(8);
    return this.bytes.readDoubleLE(at);
  }

  string(): string {
    const length = this.#length();
    if (length > this.#stringBytes) this.fail(`a string of ${length} bytes, and the limit is ${this.#stringBytes}`);
    const at = this.#pass(length);
    const text = this.bytes.toString("utf8", at, at + length);
    // The replacement character is rare, so the second look at the bytes is too.
    if (text.includes("\ufffd") && !isUtf8(this.bytes.subarray(at, at + length)))
      this.fail("a string that is no UTF-8");
    return text;
  }

  /** The bytes themselves, not a copy. */
  delimited(): Buffer {
    const length = this.#length();
    const at = this.#pass(length);
    return this.bytes.subarray(at, at + length);
  }

  /** Enters a message inside of this one. @returns the end of the outer one, for `leave` */
  enter(): number {
    const length = this.#length();
    const outer = this.end;
    if (this.at + length > outer) this.fail("a message that is longer than what it stands in");
    this.end = this.at + length;
    return outer;
  }

  leave(outer: number): void {
    this.end = outer;
  }

  get more(): boolean {
    return this.at < this.end;
  }

  /** Passes over a field nobody knows: a newer version's, or a vendor's extension. */
  skip(tag: number): void {
    switch (tag & 7) {
      case VARINT:
        this.varint();
        return;
      case FIXED_64:
        this.#pass(8);
        return;
      case DELIMITED:
        this.#pass(this.#length());
        return;
      case FIXED_32:
        this.#pass(4);
        return;
      default:
        this.fail(`a field ${tag >>> 3} of wire type ${tag & 7}`);
    }
  }

  fail(what: string): never {
    const metric = this.metric < 0 ? "" : `metric ${this.metric + 1}, `;
    throw new PayloadError(`The payload has ${what} (${metric}byte ${this.at} of ${this.bytes.length}).`);
  }

  #length(): number {
    this.varint();
    if (this.high !== 0) this.fail("a length beyond all limits");
    return this.low;
  }

  #pass(length: number): number {
    const at = this.at;
    if (at + length > this.end) this.fail(`an end before its time: ${at + length - this.end} bytes are missing`);
    this.at = at + length;
    return at;
  }
}

// The last millisecond an ECMAScript date can be.
const LAST_TIME = 8_640_000_000_000_000;

/** 64 bits without a sign. */
export function unsigned(low: number, high: number): number | bigint {
  return high < SAFE_HIGH ? high * TWO_32 + low : (BigInt(high) << 32n) | BigInt(low);
}

/** 64 bits as two's complement. */
export function signed(low: number, high: number): number | bigint {
  if (high < SAFE_HIGH) return high * TWO_32 + low;
  const above = (high | 0) * TWO_32 + low;
  return Number.isSafeInteger(above) ? above : BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low));
}
