import { isRecord, type OdooConnection } from "./connection.ts";

type Row = Record<string, unknown>;
type Domain = readonly unknown[];

/** What provisioning does as an administrator; each method looks first and changes only what differs. */
export interface Admin {
  /** Field of res.users that holds the groups: renamed in Odoo 19. */
  readonly userGroups: string;
  note(step: string): void;
  searchRead(model: string, domain: Domain, fields: readonly string[]): Promise<Row[]>;
  create(model: string, vals: Row): Promise<number>;
  write(model: string, id: number, vals: Row): Promise<void>;
  group(name: string): Promise<number>;
  model(
    model: string,
    name: string,
    group: number,
    fields: Record<string, string>,
    rights?: { unlink?: boolean },
  ): Promise<void>;
  serverAction(key: string, name: string, model: string, code: string, group: number | undefined): Promise<number>;
  /** Runs a piece of code once as administrator and takes it away again. */
  runOnce(name: string, model: string, code: string): Promise<void>;
  /** Writes the row of one of our tables that has this name. */
  row(model: string, name: string, vals: Row): Promise<void>;
  modelId(model: string): Promise<number>;
  /** The record behind our external id, if it still exists. */
  known(key: string, model: string): Promise<number | undefined>;
  remember(key: string, model: string, id: number): Promise<void>;
}

/** Our external ids in Odoo live under this module name. */
const MODULE = "lineshaft";

export function admin(
  connection: OdooConnection,
  major: number,
  signal: AbortSignal,
  note: (step: string) => void,
): Admin {
  const call = (model: string, method: string, args: Row, ids?: readonly number[]) =>
    connection.call(
      { model, method, args, ...(ids && { ids }), context: { active_test: false }, effect: true },
      signal,
    );
  const groupsOfAction = major >= 19 ? "group_ids" : "groups_id";

  async function searchRead(model: string, domain: Domain, fields: readonly string[]): Promise<Row[]> {
    const rows = await connection.call(
      { model, method: "search_read", args: { domain, fields }, context: { active_test: false } },
      signal,
    );
    return Array.isArray(rows) ? rows.filter(isRecord) : [];
  }
  async function create(model: string, vals: Row): Promise<number> {
    const made = await call(model, "create", { vals_list: [vals] });
    return Number(Array.isArray(made) ? made[0] : made);
  }
  async function write(model: string, id: number, vals: Row): Promise<void> {
    await call(model, "write", { vals }, [id]);
  }
  async function modelId(model: string): Promise<number> {
    const [row] = await searchRead("ir.model", [["model", "=", model]], ["model"]);
    return Number(row?.["id"] ?? 0);
  }
  async function known(key: string, model: string): Promise<number | undefined> {
    const domain = [
      ["module", "=", MODULE],
      ["name", "=", key],
    ];
    const [row] = await searchRead("ir.model.data", domain, ["res_id"]);
    if (!row) return undefined;
    const [record] = await searchRead(model, [["id", "=", row["res_id"]]], ["id"]);
    return record ? Number(record["id"]) : undefined;
  }
  async function remember(key: string, model: string, id: number): Promise<void> {
    const domain = [
      ["module", "=", MODULE],
      ["name", "=", key],
    ];
    const [row] = await searchRead("ir.model.data", domain, ["id"]);
    if (row) return write("ir.model.data", Number(row["id"]), { model, res_id: id });
    await create("ir.model.data", { module: MODULE, name: key, model, res_id: id, noupdate: true });
  }
  async function addFields(model: string, id: number, fields: Record<string, string>): Promise<void> {
    const present = await searchRead("ir.model.fields", [["model", "=", model]], ["name"]);
    for (const [name, type] of Object.entries(fields)) {
      if (present.some((field) => field["name"] === name)) continue;
      await create("ir.model.fields", { ...fieldVals(name, type), model_id: id, state: "manual" });
      note(`Added the field ${name} to ${model}.`);
    }
  }
  async function access(model: string, group: number, rights: Row): Promise<void> {
    const id = await modelId(model);
    const domain = [
      ["model_id", "=", id],
      ["group_id", "=", group],
    ];
    const [row] = await searchRead("ir.model.access", domain, ["id"]);
    if (row) return;
    const none = { perm_read: false, perm_write: false, perm_create: false, perm_unlink: false };
    await create("ir.model.access", { name: model, model_id: id, group_id: group, ...none, ...rights });
  }
  async function administrators(): Promise<number> {
    const domain = [
      ["module", "=", "base"],
      ["name", "=", "group_system"],
    ];
    const [row] = await searchRead("ir.model.data", domain, ["res_id"]);
    return Number(row?.["res_id"]);
  }

  return {
    userGroups: major >= 19 ? "group_ids" : "groups_id",
    note,
    searchRead,
    create,
    write,
    modelId,
    known,
    remember,
    async group(name) {
      const found = await known("group_hub", "res.groups");
      if (found !== undefined) return found;
      const id = await create("res.groups", { name });
      await remember("group_hub", "res.groups", id);
      note(`Created the group ${name}.`);
      return id;
    },
    async model(model, name, group, fields, rights = {}) {
      const all = { x_name: "char", ...fields };
      const found = await modelId(model);
      if (found === 0) {
        await create("ir.model", {
          name,
          model,
          field_id: Object.entries(all).map((field) => [0, 0, fieldVals(...field)]),
        });
        note(`Created the table ${model}.`);
      } else {
        await addFields(model, found, all);
      }
      await access(model, group, { perm_read: true, perm_unlink: rights.unlink ?? false });
      await access(model, await administrators(), {
        perm_read: true,
        perm_write: true,
        perm_create: true,
        perm_unlink: true,
      });
    },
    async serverAction(key, name, model, code, group) {
      const vals = { name, state: "code", code, ...(group !== undefined && { [groupsOfAction]: [[6, 0, [group]]] }) };
      const found = await known(key, "ir.actions.server");
      if (found === undefined) {
        const id = await create("ir.actions.server", { ...vals, model_id: await modelId(model) });
        await remember(key, "ir.actions.server", id);
        note(`Installed the server action ${name}.`);
        return id;
      }
      const [row] = await searchRead("ir.actions.server", [["id", "=", found]], ["code"]);
      if (String(row?.["code"]).trim() !== code.trim()) {
        await write("ir.actions.server", found, vals);
        note(`Brought the server action ${name} up to date.`);
      }
      return found;
    },
    async runOnce(name, model, code) {
      const id = await create("ir.actions.server", { name, state: "code", code, model_id: await modelId(model) });
      try {
        await call("ir.actions.server", "run", {}, [id]);
      } finally {
        await call("ir.actions.server", "unlink", {}, [id]);
      }
    },
    async row(model, name, vals) {
      const [row] = await searchRead(model, [["x_name", "=", name]], Object.keys(vals));
      if (!row) {
        await create(model, { x_name: name, ...vals });
      } else if (Object.entries(vals).some(([field, value]) => row[field] !== value)) {
        await write(model, Number(row["id"]), vals);
      }
    },
  };
}

function fieldVals(name: string, ttype: string): Row {
  return { name, ttype, field_description: name.slice(2).replaceAll("_", " ") };
}
