import { boolean, char, integer, many2many, many2one } from "../schema.ts";
import type { Model } from "../schema.ts";
import { num, text } from "../values.ts";

export const MAIN_COMPANY = 1;

export const company = many2one("Company", "res.company", { default: MAIN_COMPANY });

export const companyModels: Model[] = [
  {
    name: "res.company",
    label: "Companies",
    order: "sequence, name",
    fields: {
      name: char("Company Name", { required: true }),
      sequence: integer("Sequence", { default: 10 }),
      active: boolean("Active", { default: true }),
    },
  },
  {
    name: "res.partner",
    label: "Contact",
    fields: { name: char("Name"), email: char("Email"), active: boolean("Active", { default: true }) },
  },
  {
    name: "res.users",
    label: "User",
    order: "name, login",
    fields: {
      name: char("Name", { required: true }),
      login: char("Login", { required: true, indexed: true }),
      active: boolean("Active", { default: true }),
      lang: char("Language", { default: "en_US" }),
      tz: char("Timezone"),
      company_id: many2one("Company", "res.company", { required: true, default: MAIN_COMPANY }),
      company_ids: many2many("Companies", "res.company", { default: [MAIN_COMPANY] }),
      groups_id: many2many("Groups", "res.groups", { until: 18 }),
      group_ids: many2many("Groups", "res.groups", { since: 19 }),
    },
    methods: {
      context_get: {
        on: "model",
        params: [],
        run: (env) => {
          const user = env.one("res.users", env.uid);
          return { lang: user.lang, tz: user.tz, uid: env.uid };
        },
      },
      has_group: {
        on: "model",
        params: ["group_ext_id*"],
        run: (env, _, args) =>
          env.groups.has(
            text(args.group_ext_id as string)
              .split(".")
              .at(-1)!
              .replace(/^group_/, ""),
          ),
      },
    },
  },
  { name: "res.groups", label: "Access Groups", fields: { name: char("Name", { required: true }) } },
  {
    name: "decimal.precision",
    label: "Decimal Precision",
    fields: { name: char("Usage", { required: true }), digits: integer("Digits", { required: true, default: 2 }) },
    methods: {
      precision_get: {
        on: "model",
        params: ["application*"],
        run: (env, _, args) =>
          num(env.search("decimal.precision", [["name", "=", args.application]], { limit: 1 })[0]?.digits) || 2,
      },
    },
  },
  {
    name: "ir.module.module",
    label: "Module",
    order: "name",
    fields: {
      name: char("Technical Name", { required: true, indexed: true }),
      shortdesc: char("Module Name"),
      state: char("Status", { default: "uninstalled" }),
      latest_version: char("Installed Version"),
    },
  },
  {
    name: "ir.config_parameter",
    label: "System Parameter",
    fields: { key: char("Key", { required: true, indexed: true }), value: char("Value", { required: true }) },
    methods: {
      get_param: {
        on: "model",
        params: ["key*", "default"],
        run: (env, _, args) =>
          env.search("ir.config_parameter", [["key", "=", args.key]])[0]?.value ?? args.default ?? false,
      },
      set_param: {
        on: "model",
        params: ["key*", "value*"],
        needs: "write",
        run: (env, _, args) => {
          const found = env.search("ir.config_parameter", [["key", "=", args.key]])[0];
          const before = found?.value ?? false;
          if (found) env.write("ir.config_parameter", found, { value: String(args.value) });
          else env.create("ir.config_parameter", { key: String(args.key), value: String(args.value) });
          return before;
        },
      },
    },
  },
];
