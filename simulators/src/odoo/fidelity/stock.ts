import type { Script } from "./orders.ts";
import type { World } from "./world.ts";

async function scrapOf(
  world: World,
  product: number,
  quantity: number,
  more: Record<string, unknown> = {},
): Promise<number> {
  const vals = {
    product_id: product,
    scrap_qty: quantity,
    location_id: await world.stockPlace(),
    origin: world.name("scrap"),
    ...more,
  };
  return world.create("stock.scrap", vals);
}

const mode = { inventory_mode: true };

export const stockScripts: Record<string, Script> = {
  "a second scrap validation executes again": async (world) => {
    const product = await world.product({ stock: 10 });
    const scrap = await scrapOf(world, product, 3);
    const told = [];
    const stock = [];
    const names = new Set<unknown>();
    for (let time = 0; time < 2; time++) {
      told.push(await world.told("stock.scrap", "action_validate", { ids: [scrap] }));
      stock.push(await world.onHand(product));
      const [row] = await world.read("stock.scrap", [scrap], ["name", "state"]);
      names.add(row!.name);
    }
    const moves = await world.find(
      "stock.move",
      [
        ["product_id", "=", product],
        ["scrap_id", "=", scrap],
      ],
      ["quantity", "state"],
    );
    return { told, stock, newName: names.size === 2, moves: moves.map(({ quantity, state }) => ({ quantity, state })) };
  },

  "a scrap of more than there is asks and does nothing": async (world) => {
    const product = await world.product({ stock: 1 });
    const scrap = await scrapOf(world, product, 3);
    const told = await world.told("stock.scrap", "action_validate", { ids: [scrap] });
    return {
      told,
      stock: await world.onHand(product),
      state: (await world.read("stock.scrap", [scrap], ["state"]))[0]!.state,
    };
  },

  "a scrap of a product with lots and no lot asks and does nothing": async (world) => {
    const product = await world.product({ tracking: "lot" });
    await world.stock(product, 5, await world.lot(product));
    const scrap = await scrapOf(world, product, 1);
    const told = await world.told("stock.scrap", "action_validate", { ids: [scrap] });
    return { told, stock: await world.onHand(product) };
  },

  "quantities are rounded to two digits without a word": async (world) => {
    const product = await world.product({ stock: 5 });
    const { bom } = await world.recipe();
    const vals = {
      bom_line_ids: [0.0004, 0.3333333, 1.005].map((quantity) => [
        0,
        0,
        { product_id: product, product_qty: quantity },
      ]),
    };
    await world.prepare("mrp.bom", "write", { ids: [bom], args: { vals } });
    const lines = await world.find(
      "mrp.bom.line",
      [
        ["bom_id", "=", bom],
        ["product_id", "=", product],
      ],
      ["product_qty"],
    );
    const scrap = await scrapOf(world, product, 0.004);
    return {
      lines: lines.map((line) => line.product_qty),
      scrap: await world.told("stock.scrap", "action_validate", { ids: [scrap] }),
    };
  },

  "counting and applying in one call is absolute and can be repeated": async (world) => {
    const product = await world.product({ stock: 5 });
    const [quant] = await world.find(
      "stock.quant",
      [
        ["product_id", "=", product],
        ["location_id", "=", await world.stockPlace()],
      ],
      ["id"],
    );
    const stock = [];
    for (let time = 0; time < 2; time++) {
      const vals = { inventory_quantity_auto_apply: 12 };
      await world.prepare("stock.quant", "write", { ids: [quant!.id as number], args: { vals }, context: mode });
      stock.push(await world.onHand(product));
    }
    return stock;
  },

  "applying a count twice: the second time 19 empties the place": async (world) => {
    const product = await world.product({ stock: 5 });
    const [quant] = await world.find(
      "stock.quant",
      [
        ["product_id", "=", product],
        ["location_id", "=", await world.stockPlace()],
      ],
      ["id"],
    );
    const ids = [quant!.id as number];
    await world.prepare("stock.quant", "write", { ids, args: { vals: { inventory_quantity: 9 } }, context: mode });
    const set = (await world.read("stock.quant", ids, ["inventory_quantity_set", "inventory_diff_quantity"]))[0]!;
    const stock = [];
    const told = [];
    for (let time = 0; time < 2; time++) {
      told.push(await world.prepare("stock.quant", "action_apply_inventory", { ids }));
      stock.push(await world.onHand(product));
    }
    return { set: set.inventory_quantity_set, difference: set.inventory_diff_quantity, told, stock };
  },

  "a count that was overtaken by a movement asks and does nothing": async (world) => {
    const product = await world.product({ stock: 5 });
    const [quant] = await world.find(
      "stock.quant",
      [
        ["product_id", "=", product],
        ["location_id", "=", await world.stockPlace()],
      ],
      ["id"],
    );
    const ids = [quant!.id as number];
    await world.prepare("stock.quant", "write", { ids, args: { vals: { inventory_quantity: 9 } }, context: mode });
    const scrap = await scrapOf(world, product, 1);
    await world.call("stock.scrap", "action_validate", { ids: [scrap] });
    const told = (await world.prepare("stock.quant", "action_apply_inventory", { ids })) as {
      res_model?: string;
    } | null;
    return { told: told?.res_model ?? told, stock: await world.onHand(product) };
  },

  "in inventory mode a count finds the quant of its place, else there are two": async (world) => {
    const product = await world.product({ stock: 5 });
    const place = await world.stockPlace();
    const vals = { product_id: product, location_id: place, inventory_quantity_auto_apply: 7 };
    await world.prepare("stock.quant", "create", { args: { vals_list: [vals] }, context: mode });
    const quants = await world.find(
      "stock.quant",
      [
        ["product_id", "=", product],
        ["location_id", "=", place],
      ],
      ["quantity"],
    );
    return quants.map((quant) => quant.quantity);
  },

  "a quant's quantity can simply be written": async (world) => {
    const product = await world.product({ stock: 5 });
    const [quant] = await world.find(
      "stock.quant",
      [
        ["product_id", "=", product],
        ["location_id", "=", await world.stockPlace()],
      ],
      ["id"],
    );
    const told = await world.told("stock.quant", "write", {
      ids: [quant!.id as number],
      args: { vals: { quantity: 1 } },
    });
    return { told, stock: await world.onHand(product) };
  },

  "a lot is unique by name and product": async (world) => {
    const product = await world.product({ tracking: "lot" });
    const vals = { name: world.name("lot"), product_id: product, company_id: 1 };
    await world.create("stock.lot", vals);
    return world.told("stock.lot", "create", { args: { vals_list: [vals] } });
  },

  "a receipt of less than ordered asks; with skip_backorder the rest is carried over": async (world) => {
    const product = await world.product();
    const [type] = await world.find("stock.picking.type", [["code", "=", "incoming"]], ["code"]);
    const [vendors] = await world.find("stock.location", [["usage", "=", "supplier"]], ["usage"]);
    const from = vendors!.id;
    const to = await world.stockPlace();
    const move = {
      product_id: product,
      product_uom_qty: 10,
      location_id: from,
      location_dest_id: to,
      ...(world.version <= 18 && { name: "receipt" }),
    };
    const vals = { picking_type_id: type!.id, location_id: from, location_dest_id: to, move_ids: [[0, 0, move]] };
    const picking = await world.create("stock.picking", vals);
    await world.call("stock.picking", "action_confirm", { ids: [picking] });
    const [row] = await world.read("stock.picking", [picking], ["move_ids", "state"]);
    const moves = row!.move_ids as number[];
    await world.call("stock.move", "write", { ids: moves, args: { vals: { quantity: 4, picked: true } } });
    const question = await world.told("stock.picking", "button_validate", {
      ids: [picking],
      context: { skip_sms: true },
    });
    const before = await world.onHand(product);
    const context = { skip_backorder: true, skip_sms: true };
    const told = await world.told("stock.picking", "button_validate", { ids: [picking], context });
    const again = await world.told("stock.picking", "button_validate", { ids: [picking], context });
    const [rest] = await world.find("stock.picking", [["backorder_id", "=", picking]], ["state", "move_ids"]);
    const restMoves = await world.read("stock.move", rest!.move_ids as number[], [
      "product_uom_qty",
      "quantity",
      "state",
    ]);
    const [done] = await world.read("stock.picking", [picking], ["state"]);
    return {
      confirmed: row!.state,
      question,
      before,
      told,
      again,
      onHand: await world.onHand(product),
      state: done!.state,
      rest: { state: rest!.state, moves: restMoves.map(({ id: _id, ...move }) => move) },
    };
  },
};
