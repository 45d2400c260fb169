import type { Script } from "./orders.ts";
import { inWords } from "./world.ts";

export const rpcScripts: Record<string, Script> = {
  "errors have these names and statuses": async (world) => {
    const told: Record<string, unknown> = {};
    const product = await world.product();
    told["unknown model"] = await world.told("x.y", "search", { args: { domain: [] } });
    told["unknown method"] = await world.told("mrp.production", "nothing_of_the_kind");
    told["private method"] = await world.told("mrp.production", "_check_company", { ids: [] });
    told["missing argument"] = await world.told("mrp.production", "search");
    told["unexpected argument"] = await world.told("mrp.production", "search", { args: { domain: [], colour: 1 } });
    told["unknown field in a domain"] = await world.told("mrp.production", "search", {
      args: { domain: [["zzz", "=", 1]] },
    });
    told["unknown field to read"] = await world.told("mrp.production", "search_read", {
      args: { domain: [], fields: ["zzz"] },
    });
    told["unknown field to write"] = await world.told("stock.lot", "create", { args: { vals_list: [{ zzz: 1 }] } });
    told["required value missing"] = await world.told("stock.lot", "create", {
      args: { vals_list: [{ name: "x", company_id: 1 }] },
    });
    told["wrong selection"] = await world.told("mrp.production", "create", {
      args: { vals_list: [{ product_id: product, priority: "9" }] },
    });
    told["ISO time"] = await world.told("mrp.production", "create", {
      args: { vals_list: [{ product_id: product, date_start: "2026-01-01T00:00:00Z" }] },
    });
    told["write of a gone record"] = await world.told("stock.lot", "write", {
      ids: [99_999_999],
      args: { vals: { ref: "a" } },
    });
    told["read of a gone record"] = await world.told("stock.lot", "read", {
      ids: [99_999_999],
      args: { fields: ["name"] },
    });
    told["action on a gone record"] = await world.told("mrp.production", "action_confirm", { ids: [99_999_999] });
    return told;
  },

  "what the hub's user may not do": async (world) => {
    const told: Record<string, unknown> = {};
    const { template } = await world.recipe();
    told["bill"] = await world.told("mrp.bom", "create", { args: { vals_list: [{ product_tmpl_id: template }] } });
    told["work center"] = await world.told("mrp.workcenter", "create", { args: { vals_list: [{ name: "x" }] } });
    told["product"] = await world.told("product.product", "create", { args: { vals_list: [{ name: "x" }] } });
    told["external id"] = await world.told("ir.model.data", "search", { args: { domain: [] } });
    told["server action"] = await world.told("ir.actions.server", "create", { args: { vals_list: [{ name: "x" }] } });
    return told;
  },

  "a many2one written as read gave it becomes empty": async (world) => {
    const product = await world.product();
    const { product: other } = await world.recipe();
    const order = await world.order(other, 1);
    const users = await world.find("res.users", [["login", "=", "admin"]], ["id"]);
    const id = users[0]!.id as number;
    await world.call("mrp.production", "write", { ids: [order], args: { vals: { user_id: id } } });
    const told = await world.told("mrp.production", "write", {
      ids: [order],
      args: { vals: { user_id: [id, "Administrator"] } },
    });
    const [row] = await world.read("mrp.production", [order], ["user_id"]);
    const required = await world.told("mrp.production", "create", {
      args: { vals_list: [{ product_id: [product, "x"] }] },
    });
    return { told, after: row!.user_id, required };
  },

  "read names a many2one, or gives the bare id where load is null": async (world) => {
    const { product } = await world.recipe();
    const order = await world.order(product, 1, { confirm: false });
    const named = (await world.call("mrp.production", "read", {
      ids: [order],
      args: { fields: ["product_id", "bom_id"] },
    })) as Record<string, unknown>[];
    const plain = (await world.call("mrp.production", "read", {
      ids: [order],
      args: { fields: ["product_id"], load: null },
    })) as Record<string, unknown>[];
    return { named: (named[0]!.product_id as unknown[]).length, plain: plain[0]!.product_id === product };
  },

  "load with an external id makes one record and then updates it": async (world) => {
    const product = await world.product({ tracking: "lot" });
    const key = `lineshaft_test.${world.name("key")}`;
    const name = world.name("lot");
    const load = async (ref: string) => {
      const fields = ["id", "name", "product_id/.id", "company_id/.id", "ref"];
      const data = [[key, name, String(product), "1", ref]];
      return (await world.call("stock.lot", "load", { args: { fields, data } })) as {
        ids: number[] | false;
        messages: unknown[];
      };
    };
    const first = await load("one");
    const second = await load("two");
    const lots = await world.find("stock.lot", [["product_id", "=", product]], ["ref"]);
    return {
      same: first.ids && second.ids && first.ids[0] === second.ids[0],
      refs: lots.map((lot) => lot.ref),
      messages: second.messages,
    };
  },

  "load answers wrong rows with messages and makes none of them": async (world) => {
    const product = await world.product({ tracking: "lot" });
    const rows = [
      [world.name("lot"), String(product), "1"],
      [world.name("lot"), "99999999", "1"],
    ];
    const args = { fields: ["name", "product_id/.id", "company_id/.id"], data: rows };
    const told = (await world.call("stock.lot", "load", { args })) as {
      ids: unknown;
      messages: { type: string; record: number }[];
    };
    const lots = await world.find("stock.lot", [["product_id", "=", product]], ["id"]);
    return { ids: told.ids, messages: told.messages.map(({ type, record }) => ({ type, record })), lots: lots.length };
  },

  "stops and requests are made as often as they are sent, with no check of their times": async (world) => {
    const center = await world.make("mrp.workcenter", { name: world.name("center") });
    const [loss] = await world.find("mrp.workcenter.productivity.loss", [["loss_type", "=", "availability"]], ["id"]);
    const stop = {
      workcenter_id: center,
      loss_id: loss!.id,
      date_start: "2026-01-05 08:00:00",
      date_end: "2026-01-05 07:30:00",
    };
    for (let time = 0; time < 2; time++) await world.create("mrp.workcenter.productivity", stop);
    const stops = await world.find("mrp.workcenter.productivity", [["workcenter_id", "=", center]], ["duration"]);
    await world.create("mrp.workcenter.productivity", {
      workcenter_id: center,
      loss_id: loss!.id,
      date_start: "2026-01-05 09:00:00",
    });
    const [row] = await world.read("mrp.workcenter", [center], ["working_state"]);
    await world.prepare("mrp.workcenter", "unblock", { ids: [center] });
    const [after] = await world.read("mrp.workcenter", [center], ["working_state"]);
    return {
      durations: stops.map((each) => each.duration),
      blocked: row!.working_state,
      unblocked: after!.working_state,
    };
  },

  "a maintenance request is closed by a stage that is done": async (world) => {
    const request = await world.make("maintenance.request", { name: world.name("request"), priority: "3" });
    const [before] = await world.read(
      "maintenance.request",
      [request],
      ["done", "close_date", "priority", "maintenance_type", "kanban_state"],
    );
    const [stage] = await world.find("maintenance.stage", [["done", "=", true]], ["id"]);
    await world.prepare("maintenance.request", "write", { ids: [request], args: { vals: { stage_id: stage!.id } } });
    const [after] = await world.read("maintenance.request", [request], ["done", "close_date"]);
    const { id: _id, ...fresh } = before!;
    return {
      fresh,
      done: after!.done,
      closed: after!.close_date !== false,
      hub: inWords(await world.hub.ask("maintenance.request", "create", { args: { vals_list: [{ name: "x" }] } })),
    };
  },

  "a bill with open orders is not deleted, and its copy has the same lines": async (world) => {
    const { product, bom } = await world.recipe({ lots: true, operations: 1 });
    await world.order(product, 1);
    const unlink = inWords(await world.admin.ask("mrp.bom", "unlink", { ids: [bom] }));
    const copied = await world.prepare("mrp.bom", "copy", {
      ids: [bom],
      args: { default: { code: "REV-B", sequence: 1 } },
    });
    const copy = Array.isArray(copied) ? (copied as number[])[0]! : (copied as number);
    const [row] = await world.read("mrp.bom", [copy], ["code", "consumption", "bom_line_ids", "operation_ids"]);
    return {
      unlink,
      list: Array.isArray(copied),
      lines: (row!.bom_line_ids as number[]).length,
      operations: (row!.operation_ids as number[]).length,
      code: row!.code,
    };
  },

  "a cursor on write_date compares as the version does": async (world) => {
    const product = await world.product({ tracking: "lot" });
    const lot = await world.lot(product);
    const [row] = await world.read("stock.lot", [lot], ["write_date"]);
    const found: Record<string, number> = {};
    for (const operator of [">", ">=", "=", "<="]) {
      const domain = [
        ["id", "=", lot],
        ["write_date", operator, row!.write_date],
      ];
      found[operator] = (await world.find("stock.lot", domain, ["id"])).length;
    }
    return found;
  },

  "domains combine with and, or and not": async (world) => {
    const product = await world.product({ tracking: "lot" });
    const names = [];
    for (const ref of ["a", "b", "c"]) {
      names.push(world.name("lot"));
      await world.create("stock.lot", { name: names.at(-1), product_id: product, company_id: 1, ref });
    }
    const count = async (domain: unknown[]) =>
      (await world.find("stock.lot", [["product_id", "=", product], ...domain], ["id"])).length;
    return {
      or: await count(["|", ["ref", "=", "a"], ["ref", "=", "b"]]),
      not: await count(["!", ["ref", "=", "a"]]),
      in: await count([["ref", "in", ["a", "c", "z"]]]),
      notIn: await count([["ref", "not in", ["a"]]]),
      like: await count([["name", "ilike", names[0]!.toLowerCase()]]),
      through: await count([["product_id.tracking", "=", "lot"]]),
      byName: await count([["product_id", "ilike", world.tag]]),
      empty: await count([["note", "=", false]]),
    };
  },
};
