import type { Env } from "../env.ts";
import { userError, valueError } from "../errors.ts";
import { runOperations } from "./operations.ts";

/**
 * Python cannot run here. What the connector installs is known by what stands in it and done natively: its server
 * action, the unique index of its table. Anything else is refused as Odoo refuses broken code.
 */
export function runServerCode(env: Env, action: { name: string; code: string; model: string }): unknown {
  const protocol = /^LINESHAFT_PROTOCOL = (\d+)$/m.exec(action.code);
  const hash = /^LINESHAFT_CODE = '([0-9a-f]+)'$/m.exec(action.code);
  if (protocol && hash) return runOperations(env, { protocol: Number(protocol[1]), hash: hash[1]! });
  const index = /create unique index (?:if not exists )?\w+ on (\w+) \((\w+)\)/i.exec(action.code);
  if (index) return uniqueIndex(env, index[1]!, index[2]!);
  const lookup = /create index if not exists \w+ on (\w+) \((\w+)\)/i.exec(action.code);
  if (lookup) return plainIndex(env, lookup[1]!, lookup[2]!);
  const raised = /^raise UserError\(['"](.*)['"]\)$/m.exec(action.code);
  if (raised) throw userError(raised[1]!);
  throw valueError(`The simulator does not know the server action '${action.name}'.`);
}

function uniqueIndex(env: Env, table: string, column: string): false {
  env.transaction.undo(env.db.makeUnique(table, column));
  return false;
}

function plainIndex(env: Env, table: string, column: string): false {
  env.db.model(table).table.addLookup(column);
  return false;
}
