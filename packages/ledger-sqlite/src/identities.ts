import { type Identity, identityTaken } from "@lineshaft/core";
import type { Writer } from "./writer.ts";

/** What a system calls a thing; undefined: nobody has said. */
export function externalOf(
  { db }: Writer,
  { kind, object, system }: Pick<Identity, "kind" | "object" | "system">,
): string | undefined {
  const row = db
    .prepare("select external from identity where kind = ? and object = ? and system = ?")
    .get(kind, object, system);
  return row === undefined ? undefined : String(row["external"]);
}

/** Within a transaction. @throws LineshaftError `wrong-state` when the system calls another thing so */
export function learnIdentity({ db }: Writer, identity: Identity): void {
  const { kind, object, system, external, learnedAt, origin } = identity;
  const other = db
    .prepare("select object from identity where kind = ? and system = ? and external = ? and object <> ?")
    .get(kind, system, external, object);
  if (other !== undefined) throw identityTaken({ ...identity, other: String(other["object"]) });
  db.prepare(
    `insert into identity (kind, object, system, external, learned_at, origin)
     values (?, ?, ?, ?, ?, ?)
     on conflict (kind, object, system) do update
     set external = excluded.external, learned_at = excluded.learned_at, origin = excluded.origin`,
  ).run(kind, object, system, external, learnedAt, origin);
}
