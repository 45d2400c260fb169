import type { Env } from "../env.ts";
import { accessError, valueError } from "../errors.ts";
import { char, integer, longText, many2many, many2one, selection } from "../schema.ts";
import type { Model } from "../schema.ts";
import { runServerCode } from "../provisioned/run-code.ts";
import { ref, refs, text } from "../values.ts";
import type { Row } from "../values.ts";

const kinds = ["object_write", "object_create", "code", "webhook", "multi"];

export const irActions: Model[] = [
  {
    name: "ir.actions.server",
    label: "Server Actions",
    order: "sequence, name",
    fields: {
      name: char("Action Name", { required: true }),
      model_id: many2one("Model", "ir.model", { required: true }),
      model_name: char("Model Name", { compute: (env, row) => modelOf(env, row) || false }),
      state: selection("Type", kinds, { required: true, default: "object_write" }),
      code: longText("Python Code"),
      sequence: integer("Sequence", { default: 5 }),
      usage: selection("Usage", ["ir_actions_server", "ir_cron", "base_automation"], {
        required: true,
        default: "ir_actions_server",
      }),
      type: char("Action Type", { required: true, default: "ir.actions.server" }),
      groups_id: many2many("Allowed Groups", "res.groups", { until: 18 }),
      group_ids: many2many("Allowed Groups", "res.groups", { since: 19 }),
      base_automation_id: many2one("Automation Rule", "base.automation"),
      binding_model_id: many2one("Binding Model", "ir.model"),
    },
    methods: {
      run: {
        on: "records",
        params: [],
        movesStock: true,
        run: (env, ids) => {
          let result: unknown = false;
          for (const action of env.many("ir.actions.server", ids)) result = runAction(env, action) || result;
          return result;
        },
      },
    },
    prepare: (_, values) => checkPython(text(values.code)),
    writing: (_, __, values) => checkPython(text(values.code)),
  },
];

/** @throws AccessError for a user outside the action's groups or, without groups, without the right to write its model. */
function runAction(env: Env, action: Row): unknown {
  const groups = refs(env.get("ir.actions.server", action, env.version >= 19 ? "group_ids" : "groups_id"));
  const allowed =
    groups.length > 0 ? groups.some((id) => env.groupIds.has(id)) : env.may(modelOf(env, action), "write");
  if (!allowed) throw accessError(`You don't have enough access rights to run this action.`);
  if (action.state !== "code")
    throw valueError(`The simulator runs server actions of type code, not ${String(action.state)}`);
  return runServerCode(env, { name: text(action.name), code: text(action.code), model: modelOf(env, action) });
}

function modelOf(env: Env, action: Row): string {
  return text(env.find("ir.model", ref(action.model_id))?.model);
}

/** Odoo compiles the code when it is written; what its sandbox forbids is refused then. */
function checkPython(code: string): void {
  const forbidden = code.split("\n").find((line) => /^\s*(import |from \w+ import |with )/.test(line));
  if (forbidden !== undefined) throw valueError(`forbidden opcode(s) in '${forbidden.trim()}'`);
}
