import type { World } from "./world.ts";

export type Script = (world: World) => Promise<unknown>;

const split = (order: number) => ({ skip_backorder: true, mo_ids_to_backorder: [order], skip_redirection: true });

async function reportPieces(world: World, order: number, pieces: number, lots: readonly number[] = []): Promise<void> {
  const vals = { qty_producing: pieces, ...(lots.length > 0 && world.lotValues(lots)) };
  await world.call("mrp.production", "write", { ids: [order], args: { vals } });
  await world.call("mrp.production", "set_qty_producing", { ids: [order] });
  const open = await world.find(
    "stock.move",
    [
      ["raw_material_production_id", "=", order],
      ["picked", "=", false],
    ],
    ["id"],
  );
  const ids = open.map((move) => move.id as number);
  if (ids.length > 0) await world.call("stock.move", "write", { ids, args: { vals: { picked: true } } });
}

export const orderScripts: Record<string, Script> = {
  "confirming reserves components and readies the first work order": async (world) => {
    const { product } = await world.recipe({ lots: true, tracking: "lot", operations: 2 });
    const order = await world.order(product, 10, { confirm: false });
    const draft = await world.shape(order);
    const told = await world.told("mrp.production", "action_confirm", { ids: [order] });
    const again = await world.told("mrp.production", "action_confirm", { ids: [order] });
    const assign = await world.told("mrp.production", "action_assign", { ids: [order] });
    return { draft, told, again, assign, confirmed: await world.shape(order) };
  },

  "components that are not there leave an order confirmed and unreserved": async (world) => {
    const { product } = await world.recipe({ operations: 1 });
    const order = await world.order(product, 80);
    return world.shape(order);
  },

  "writing qty_producing alone consumes nothing and ends in the consumption wizard": async (world) => {
    const { product, plain } = await world.recipe();
    const order = await world.order(product, 5);
    await world.call("mrp.production", "write", { ids: [order], args: { vals: { qty_producing: 5 } } });
    const told = await world.told("mrp.production", "button_mark_done", { ids: [order] });
    return { told, shape: await world.shape(order), onHand: await world.onHand(plain) };
  },

  "fewer pieces than ordered end in the backorder wizard with nothing done": async (world) => {
    const { product } = await world.recipe();
    const order = await world.order(product, 10);
    await reportPieces(world, order, 4);
    const told = await world.told("mrp.production", "button_mark_done", { ids: [order] });
    return { told, shape: await world.shape(order), onHand: await world.onHand(product) };
  },

  "the original record becomes the finished part and a new one the remainder": async (world) => {
    const { product, plain } = await world.recipe({ lots: true, tracking: "lot", operations: 2 });
    const order = await world.order(product, 10);
    await reportPieces(world, order, 4, [await world.lot(product)]);
    const told = await world.told("mrp.production", "button_mark_done", { ids: [order], context: split(order) });
    const rest = (await world.backorder(order))!;
    const onHand = [await world.onHand(product), await world.onHand(plain)];
    return { told, newRecord: rest !== order, done: await world.shape(order), rest: await world.shape(rest), onHand };
  },

  "a second split numbers on and leaves the name of the second part": async (world) => {
    const { product } = await world.recipe();
    const order = await world.order(product, 10);
    await reportPieces(world, order, 4);
    await world.call("mrp.production", "button_mark_done", { ids: [order], context: split(order) });
    const second = (await world.backorder(order))!;
    await reportPieces(world, second, 1);
    await world.call("mrp.production", "button_mark_done", { ids: [second], context: split(second) });
    const third = (await world.backorder(order))!;
    return Promise.all([order, second, third].map((id) => world.shape(id)));
  },

  "without skip_redirection a split answers with the way to the backorder": async (world) => {
    const { product } = await world.recipe();
    const order = await world.order(product, 10);
    await reportPieces(world, order, 4);
    const context = { skip_backorder: true, mo_ids_to_backorder: [order] };
    const told = (await world.call("mrp.production", "button_mark_done", { ids: [order], context })) as Record<
      string,
      unknown
    >;
    return { model: told.res_model, leadsToBackorder: told.res_id === (await world.backorder(order)) };
  },

  "a repeated split of a done order is refused": async (world) => {
    const { product } = await world.recipe();
    const order = await world.order(product, 10);
    await reportPieces(world, order, 4);
    await world.call("mrp.production", "button_mark_done", { ids: [order], context: split(order) });
    const again = await world.told("mrp.production", "button_mark_done", { ids: [order], context: split(order) });
    const plain = await world.told("mrp.production", "button_mark_done", { ids: [order] });
    return { again, plain, onHand: await world.onHand(product) };
  },

  "skip_backorder without a list closes an order short": async (world) => {
    const { product } = await world.recipe({ operations: 1 });
    const order = await world.order(product, 10);
    await reportPieces(world, order, 4);
    const told = await world.told("mrp.production", "button_mark_done", {
      ids: [order],
      context: { skip_backorder: true },
    });
    return { told, shape: await world.shape(order), backorder: (await world.backorder(order)) ?? false };
  },

  "skip_consumption without picked components consumes none of them": async (world) => {
    const { product, plain } = await world.recipe();
    const order = await world.order(product, 4);
    await world.call("mrp.production", "write", { ids: [order], args: { vals: { qty_producing: 4 } } });
    const told = await world.told("mrp.production", "button_mark_done", {
      ids: [order],
      context: { skip_consumption: true },
    });
    return { told, shape: await world.shape(order), onHand: [await world.onHand(product), await world.onHand(plain)] };
  },

  "marking an untouched order done makes all of it": async (world) => {
    const { product, plain } = await world.recipe({ operations: 1 });
    const order = await world.order(product, 3);
    const told = await world.told("mrp.production", "button_mark_done", { ids: [order] });
    const again = await world.told("mrp.production", "button_mark_done", { ids: [order] });
    return {
      told,
      again,
      shape: await world.shape(order),
      onHand: [await world.onHand(product), await world.onHand(plain)],
    };
  },

  "an order for a product with lots and none given is completed or refused as the version does": async (world) => {
    const { product } = await world.recipe({ tracking: "lot" });
    const order = await world.order(product, 3);
    const told = await world.told("mrp.production", "button_mark_done", { ids: [order] });
    const lots = await world.find("stock.lot", [["product_id", "=", product]], ["product_qty"]);
    return { told, lots: lots.map((lot) => lot.product_qty), shape: await world.shape(order) };
  },

  "a component with lots that nobody picked": async (world) => {
    const { product } = await world.recipe({ lots: true });
    const order = await world.order(product, 3);
    return {
      told: await world.told("mrp.production", "button_mark_done", { ids: [order] }),
      shape: await world.shape(order),
    };
  },

  "more pieces than ordered are made with what they take": async (world) => {
    const { product, plain } = await world.recipe();
    const order = await world.order(product, 10);
    await reportPieces(world, order, 12);
    const told = await world.told("mrp.production", "button_mark_done", {
      ids: [order],
      context: { skip_backorder: true },
    });
    return { told, shape: await world.shape(order), onHand: [await world.onHand(product), await world.onHand(plain)] };
  },

  "consumption that was set on the moves stands, and the remainder keeps its own demand": async (world) => {
    const { product, plain } = await world.recipe({ consumption: "flexible" });
    const order = await world.order(product, 10);
    const [move] = await world.find("stock.move", [["raw_material_production_id", "=", order]], ["id"]);
    const vals = { qty_producing: 4, move_raw_ids: [[1, move!.id, { quantity: 9, picked: true }]] };
    await world.call("mrp.production", "write", { ids: [order], args: { vals } });
    const told = await world.told("mrp.production", "button_mark_done", { ids: [order], context: split(order) });
    const rest = (await world.backorder(order))!;
    return { told, done: await world.shape(order), rest: await world.shape(rest), onHand: await world.onHand(plain) };
  },

  "the consumption wizard is answered, then the backorder wizard": async (world) => {
    const { product } = await world.recipe();
    const order = await world.order(product, 10);
    const [move] = await world.find("stock.move", [["raw_material_production_id", "=", order]], ["id"]);
    const vals = { qty_producing: 4, move_raw_ids: [[1, move!.id, { quantity: 9, picked: true }]] };
    await world.call("mrp.production", "write", { ids: [order], args: { vals } });
    const first = (await world.call("mrp.production", "button_mark_done", { ids: [order] })) as {
      res_model: string;
      context: Record<string, unknown>;
    };
    const warning = await world.create(first.res_model, {}, first.context);
    const second = (await world.call(first.res_model, "action_confirm", {
      ids: [warning],
      context: first.context,
    })) as typeof first;
    const question = await world.create(second.res_model, {}, second.context);
    await world.call(second.res_model, "action_backorder", { ids: [question], context: second.context });
    return {
      first: first.res_model,
      second: second.res_model,
      done: await world.shape(order),
      rest: (await world.backorder(order)) !== undefined,
    };
  },

  "writing qty_producing on a done order rewrites its stock": async (world) => {
    const { product, plain } = await world.recipe();
    const order = await world.order(product, 4);
    await world.call("mrp.production", "button_mark_done", { ids: [order] });
    const before = [await world.onHand(product), await world.onHand(plain)];
    const told = await world.told("mrp.production", "write", { ids: [order], args: { vals: { qty_producing: 2 } } });
    return { before, told, after: [await world.onHand(product), await world.onHand(plain)] };
  },

  "a done order is not cancelled, an open one is": async (world) => {
    const { product } = await world.recipe({ operations: 1 });
    const done = await world.order(product, 1);
    await world.call("mrp.production", "button_mark_done", { ids: [done] });
    const open = await world.order(product, 1);
    const refused = await world.told("mrp.production", "action_cancel", { ids: [done] });
    const told = await world.told("mrp.production", "action_cancel", { ids: [open] });
    return { refused, told, shape: await world.shape(open) };
  },

  "an order's name is unique": async (world) => {
    const { product } = await world.recipe();
    const name = world.name("MO");
    await world.create("mrp.production", { product_id: product, product_qty: 1, name });
    return world.told("mrp.production", "create", {
      args: { vals_list: [{ product_id: product, product_qty: 1, name }] },
    });
  },

  "work orders are started and finished twice without a second effect": async (world) => {
    const { product } = await world.recipe({ operations: 2 });
    const order = await world.order(product, 5);
    const [first, second] = (await world.find("mrp.workorder", [["production_id", "=", order]], ["id"])).map(
      (row) => row.id as number,
    );
    const told = [];
    for (const method of ["button_start", "button_start"])
      told.push(await world.told("mrp.workorder", method, { ids: [first!] }));
    const started = await world.shape(order);
    for (const method of ["button_finish", "button_finish"])
      told.push(await world.told("mrp.workorder", method, { ids: [first!] }));
    const next = await world.shape(order);
    told.push(await world.told("mrp.workorder", "button_start", { ids: [second!] }));
    told.push(await world.told("mrp.workorder", "button_finish", { ids: [second!] }));
    const logs = await world.find("mrp.workcenter.productivity", [["workorder_id", "in", [first, second]]], ["id"]);
    return { told, started, next, logs: logs.length, finished: await world.shape(order) };
  },

  "serial numbers are made one by one up to 18 and together from 19 on": async (world) => {
    const { product } = await world.recipe({ tracking: "serial" });
    const order = await world.order(product, 2);
    const serials = [await world.lot(product), await world.lot(product)];
    await reportPieces(world, order, world.version >= 19 ? 2 : 1, world.version >= 19 ? serials : serials.slice(0, 1));
    const told = await world.told("mrp.production", "button_mark_done", {
      ids: [order],
      context: world.version >= 19 ? {} : split(order),
    });
    return { told, onHand: await world.onHand(product), done: await world.shape(order) };
  },
};
