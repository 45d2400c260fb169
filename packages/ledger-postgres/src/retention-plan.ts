import { LineshaftError } from "@lineshaft/core";
import { Connections } from "./connections.ts";
import { inspect } from "./migrate.ts";
import type { RetainOptions, Retained } from "./retain.ts";
import { quoted } from "./statements.ts";

const DAY_MS = 86_400_000;
const FIRST_DAY = Date.UTC(2020, 0, 1);
/** Message numbers of a day. */
const DAY_NUMBERS = 2 ** 27;

/** What `retainPostgres` would take away now, and what it would keep; takes nothing. */
export async function planRetention(options: Omit<RetainOptions, "who" | "why">): Promise<Retained> {
  const { url, schema = "lineshaft", keepDays, keepSeenDays, serverClock } = options;
  const connections = new Connections({ url, schema, sessions: false, readOnly: true, statementMs: 0 }, 1);
  const s = quoted(schema);
  const one = async (text: string, values: readonly unknown[] = []) =>
    (await connections.read(text, values))[0]?.["n"] as number;
  try {
    if ((await inspect(connections)).version === 0)
      throw new LineshaftError("not-found", `There is no ledger in schema ${schema} of ${connections.location} yet.`, {
        next: "Correct the URL or the schema.",
      });
    const now = serverClock?.now() ?? (await one("select floor(extract(epoch from now()) * 1000)::bigint as n"));
    const today = Math.floor((now - FIRST_DAY) / DAY_MS);
    const plan: Retained = { dropped: [], kept: [], refusals: 0, seen: 0 };
    const old = await connections.read(
      `select name, first_day, last_day from ${s}.partition where last_day <= $1 order by first_day`,
      [today - keepDays],
    );
    for (const { name, first_day: from, last_day: to } of old) {
      const range = { partition: name as string, from: dateOf(from as number), to: dateOf(to as number) };
      const table = (kind: string) => `${s}.${quoted(`${kind}_${String(name)}`)}`;
      const open = await one(`select count(*) as n from ${table("delivery")} where open`);
      if (open > 0) plan.kept.push({ ...range, open });
      else {
        const rows = ["message", "duplicate", "attempt"].map((kind) => `(select count(*) from ${table(kind)})`);
        plan.dropped.push({ ...range, rows: await one(`select ${rows.join(" + ")} as n`) });
      }
    }
    plan.refusals = await one(`select count(*) as n from ${s}.refusal where received_time < $1`, [
      now - keepDays * DAY_MS,
    ]);
    if (keepSeenDays !== undefined)
      plan.seen = await one(forgotten(s), [Math.max(0, today - keepSeenDays), DAY_NUMBERS]);
    return plan;
  } finally {
    await connections.close();
  }
}

/** The same as `forget_v1` goes by. */
function forgotten(s: string): string {
  const setting = (name: string) => `(select value::bigint from ${s}.setting where name = '${name}')`;
  return `select count(*) as n from ${s}.seen where message < $1::bigint * $2::bigint
    and message > case when ${setting("copied_day")} >= $1 then ${setting("copied_numbers")} else 0 end`;
}

function dateOf(day: number): string {
  return new Date(FIRST_DAY + day * DAY_MS).toISOString().slice(0, 10);
}
