import * as fc from "fast-check";
import { generate } from "mqtt-packet";
import { describe, expect, test } from "vitest";
import { FrameSplitter } from "./frames.ts";
import type { Frame } from "./frames.ts";
import { readPacket } from "./packets.ts";

function split(bytes: Buffer, cuts: readonly number[], limit = 1_000): Frame[] {
  const splitter = new FrameSplitter(limit);
  const frames: Frame[] = [];
  const ends = [...cuts.map((cut) => cut % bytes.length).sort((a, b) => a - b), bytes.length];
  let from = 0;
  for (const end of ends) {
    splitter.push(bytes.subarray(from, end));
    for (let frame = splitter.next(); frame; frame = splitter.next()) frames.push(frame);
    from = end;
  }
  return frames;
}

const message = fc.record({
  topic: fc.string({ minLength: 1, maxLength: 30 }).map((text) => `t${text.replaceAll(/[+#\0]/g, "")}`),
  payload: fc.uint8Array({ maxLength: 3_000 }).map((bytes) => Buffer.from(bytes)),
  messageId: fc.integer({ min: 1, max: 65_535 }),
  user: fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), fc.string({ maxLength: 20 }), { maxKeys: 3 }),
});

describe("however the network cuts the stream", () => {
  test("the same messages arrive, long ones without their end", () => {
    fc.assert(
      fc.property(
        fc.array(message, { minLength: 1, maxLength: 5 }),
        fc.array(fc.nat(), { maxLength: 20 }),
        (list, cuts) => {
          const packets = list.map(({ user, ...rest }) => ({
            ...rest,
            // The encoder writes a wrong length for an empty list.
            properties: Object.keys(user).length > 0 ? { userProperties: user } : {},
          }));
          const bytes = Buffer.concat(
            packets.map((packet) =>
              generate({ cmd: "publish", qos: 1, dup: false, retain: false, ...packet }, { protocolVersion: 5 }),
            ),
          );
          const read = split(bytes, cuts).map((frame) => readPacket(frame, 5));
          expect(read).toHaveLength(list.length);
          for (const [at, { topic, payload, messageId, user }] of list.entries()) {
            const packet = read[at];
            expect(packet).toMatchObject({
              kind: "publish",
              topic,
              messageId,
              properties: { user: Object.entries(user) },
            });
            const kept = packet?.kind === "publish" ? packet : { payload: Buffer.alloc(0), cut: false };
            expect(payload.subarray(0, kept.payload.length).equals(kept.payload)).toBe(true);
            expect(kept.cut).toBe(kept.payload.length < payload.length);
          }
        },
      ),
    );
  });
});

test("bytes that are no MQTT end in an error and in nothing else", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), fc.constantFrom<4 | 5>(4, 5), (bytes, version) => {
      expect(readAll(bytes, version)).toEqual(expect.any(String));
      expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
    }),
    { numRuns: 2_000 },
  );
});

function readAll(bytes: Uint8Array, version: 4 | 5): string {
  try {
    return split(Buffer.from(bytes), [])
      .map((frame) => readPacket(frame, version).kind)
      .join();
  } catch (error) {
    if (error instanceof Error) return error.message;
    throw error;
  }
}
