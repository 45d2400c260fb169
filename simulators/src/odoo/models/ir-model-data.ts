import type { Env } from "../env.ts";
import { validationError } from "../errors.ts";
import { boolean, char, integer } from "../schema.ts";
import type { Model } from "../schema.ts";
import type { Row } from "../values.ts";

/** External ids: `module.name`, unique in the database. */
export const irModelData: Model = {
  name: "ir.model.data",
  label: "Model Data",
  order: "module, model, name",
  fields: {
    name: char("External Identifier", { required: true, indexed: true }),
    module: char("Module", { required: true, default: "" }),
    model: char("Model Name", { required: true }),
    res_id: integer("Record ID"),
    noupdate: boolean("Non Updatable"),
    complete_name: char("Complete ID", { compute: (_, row) => `${String(row.module)}.${String(row.name)}` }),
  },
  created: (env, row) => {
    const same = env.of("ir.model.data", "name", row.name!).filter((other) => other.module === row.module);
    if (same.length > 1) throw externalIdTaken(row);
  },
};

function externalIdTaken(row: Row) {
  return validationError(
    `duplicate key value violates unique constraint "ir_model_data_module_name_uniq_index"\n` +
      `DETAIL:  Key (module, name)=(${String(row.module)}, ${String(row.name)}) already exists.\n`,
    { fromDatabase: true },
  );
}

export function findExternalId(env: Env, externalId: string): Row | undefined {
  const { module, name } = parts(externalId);
  return env.of("ir.model.data", "name", name).find((row) => row.module === module);
}

export function claimExternalId(env: Env, externalId: string, model: string, id: number): Row {
  return env.create("ir.model.data", { ...parts(externalId), model, res_id: id });
}

/** The module an id without one gets is that of an import. */
function parts(externalId: string): { module: string; name: string } {
  const dot = externalId.indexOf(".");
  return dot < 0
    ? { module: "__import__", name: externalId }
    : { module: externalId.slice(0, dot), name: externalId.slice(dot + 1) };
}
