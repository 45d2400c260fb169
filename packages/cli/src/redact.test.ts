import { Secret } from "@lineshaft/core";
import { expect, test } from "vitest";
import { createLog } from "./log.ts";
import { MASKED, isSecretName, redact } from "./redact.ts";

test("fields named like secrets are masked at any depth, in lists and maps too", () => {
  const fields = {
    order: "MO-1",
    password: "a",
    nested: { headers: { Authorization: "b", "x-api-key": "c", "set-cookie": "d" }, list: [{ accessToken: "e" }] },
    map: new Map([["client_secret", "f"]]),
  };
  expect(redact(fields)).toEqual({
    order: "MO-1",
    password: MASKED,
    nested: {
      headers: { Authorization: MASKED, "x-api-key": MASKED, "set-cookie": MASKED },
      list: [{ accessToken: MASKED }],
    },
    map: { client_secret: MASKED },
  });
});

test("a name is secret by its last word, so that keys of the business stay readable", () => {
  const names = ["key", "apiKey", "API_KEY", "refresh-token", "privateKey", "sessionCookies", "passwd"];
  expect(names.filter((name) => !isSecretName(name))).toEqual([]);
  expect(["orderKey", "keyboard", "monkey", "tokens_used", "secretary", "object"].filter(isSecretName)).toEqual([]);
});

test("the value of a secret that was read is taken out of messages, texts and errors", () => {
  const value = Secret.generated("log test", "v4lue-of-the-secret").read();
  const lines: string[] = [];
  const log = createLog({ level: "debug", stream: { write: (line: string) => void lines.push(line) } });
  log.warn(`refused ${value}`, {
    said: `bad login ${value}`,
    error: new Error(`with ${value}`),
    deep: { at: [value] },
  });
  log.debug("plain", { n: 1 });
  expect(lines).toHaveLength(2);
  expect(lines.join("")).not.toContain(value);
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({
    level: "warn",
    msg: "refused [secret]",
    said: "bad login [secret]",
  });
});

test("what is deep, long or endless does not blow up the log", () => {
  const circle: Record<string, unknown> = { name: "circle" };
  circle["self"] = circle;
  expect(JSON.stringify(redact(circle)).length).toBeLessThan(1_000);
  expect(redact(Array.from({ length: 1_000 }, (_, at) => at))).toHaveLength(100);
  expect(redact({ body: new Uint8Array(5_000) })).toEqual({ body: "[5000 bytes]" });
});
