import { readFileSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { type ErrorCode, LineshaftError, errorCodes } from "@lineshaft/core";
import { exitCodeMeanings, exitCodeOf, exitCodes } from "../exit-codes.ts";

export const root = fileURLToPath(new URL("../../../../", import.meta.url));

/** Rows of docs/errors.md, from the codes themselves. */
export function errorTable(): string {
  const rows = (Object.entries(errorCodes) as [ErrorCode, string][]).map(
    ([code, meaning]) => `| \`${code}\` | ${meaning} | ${exitCodeOf(new LineshaftError(code, "", { next: "" }))} |`,
  );
  return ["| code | when | exit code |", "|---|---|---|", ...rows].join("\n");
}

/** Rows of docs/cli.md's table of exit codes. */
export function exitCodeTable(): string {
  const names = Object.keys(exitCodes) as (keyof typeof exitCodes)[];
  const rows = names.map((name) => `| ${exitCodes[name]} | ${exitCodeMeanings[name]} |`);
  return ["| code | meaning |", "|---|---|", ...rows].join("\n");
}

/** Rows of docs/limits.md: every constant with a number and a comment, as the sources have it. */
export function limitTable(): string {
  const rows = sources().flatMap((path) => {
    const file = relative(root, path);
    return [...readFileSync(path, "utf8").matchAll(CONSTANT)]
      .filter(([, , name = ""]) => !noLimits.has(name))
      .map(
        ([, comment = "", name = "", value = ""]) =>
          `| ${file.split("/")[1]} | \`${name}\` | ${value.replaceAll(" ", "").replaceAll("*", " × ").replaceAll("_", ",")} | ${sentence(comment)} |`,
      );
  });
  return ["| part | limit | value | meaning |", "|---|---|---|---|", ...rows].join("\n");
}

/** A doc comment right before a constant in capitals that is a number or a product of numbers. */
const CONSTANT =
  /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*\n(?:export )?const ([A-Z][A-Z0-9_]*) = (\d[\d_]*(?: \* \d[\d_]*)*);/g;

/** Numbers with a comment that bound nothing. */
const noLimits = new Set(["FULL", "LENGTH_BYTES", "OLDEST_VERSION", "PAGE_PORT", "PROTOCOL", "SPEED"]);

/** Packages that run in a plant; the simulators' limits are their own business. */
function sources(): string[] {
  return readdirSync(join(root, "packages"))
    .filter((name) => name !== "testing")
    .flatMap((name) => {
      const folder = join(root, "packages", name, "src");
      return readdirSync(folder, { recursive: true, encoding: "utf8" })
        .filter(
          (file) =>
            file.endsWith(".ts") && !file.endsWith(".test.ts") && !file.includes("testing/") && !file.includes("demo/"),
        )
        .sort()
        .map((file) => join(folder, file));
    });
}

function sentence(comment: string): string {
  return comment
    .replaceAll(/^\s*\*\s?/gm, "")
    .replaceAll(/\s+/g, " ")
    .replaceAll("|", "\\|")
    .trim();
}
