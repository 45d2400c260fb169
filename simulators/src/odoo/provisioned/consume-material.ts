import type { Env } from "../env.ts";
import { trackingOf } from "../models/product.ts";
import { isClosed, rawMoves } from "../production/state.ts";
import { finishMoves } from "../stock/finish.ts";
import { changeStock } from "../stock/quants.ts";
import { addLine, lineSource } from "../stock/reserve.ts";
import { compareQuantity, num, ref, text } from "../values.ts";
import type { Row } from "../values.ts";
import { apartKey, apartRows, heldAt, reportedComponents } from "./apart.ts";
import type { ApartLine } from "./apart.ts";
import { refuseHeld } from "./holds.ts";
import { LEDGER } from "./kept.ts";
import type { Kept } from "./kept.ts";
import type { Applied } from "./operations.ts";
import { chainOf, isOpen, openOrder } from "./orders.ts";
import { refuse } from "./terms.ts";
import type { LotLine, Terms } from "./terms.ts";

interface ConsumeMaterial {
  order: string;
  lines: (LotLine & { product: string; insteadOf?: string; additional?: boolean })[];
}

/** Material reported apart: in place of what the bill says for the whole order, on what is done or with what comes next. */
export function consumeMaterial(terms: Terms, value: ConsumeMaterial): Applied {
  const { env } = terms;
  const family = chainOf(terms, value.order);
  const done = family.filter(({ state }) => state === "done");
  const open = family.some(isOpen);
  if (done.length === 0 && !open) openOrder(terms, value.order);
  const reported = reportedComponents(apartRows(env, family));
  const last = done.at(-1);
  const lines = value.lines.map((line): ApartLine => {
    const { product, component, shares } = readLine(terms, family, value.order, line);
    const additional = line.additional === true;
    const again = !additional && last !== undefined && (reported.get(component.id) ?? []).includes(last.id);
    const order = last === undefined || (open && again) ? 0 : last.id;
    return { product: product.id, component: component.id, additional, order, shares };
  });
  for (const { component, additional } of lines) {
    if (additional || reported.has(component)) continue;
    giveBack(terms, family, component);
    reported.set(component, []);
  }
  for (const line of lines) if (line.order !== 0) consumeNow(terms, env.one("mrp.production", line.order), line);
  const order = last ?? family[0]!;
  const waits = lines.filter((line) => line.order === 0).length;
  return {
    model: "mrp.production",
    row: order,
    receipt: `${waits > 0 ? "waits for the next completion" : "consumption"} of ${text(order.name)}`,
    detail: { order: text(order.name), waits },
    about: apartKey(family),
    kept: { lines },
  };
}

function readLine(terms: Terms, family: readonly Row[], order: string, line: ConsumeMaterial["lines"][number]) {
  const { env } = terms;
  const product = terms.product(line.product);
  const component = line.insteadOf === undefined ? product : terms.product(line.insteadOf);
  const used = family.flatMap((member) => rawMoves(env, member)).some((move) => move.product_id === component.id);
  if (component !== product && !used) refuse("component-unknown", `${line.insteadOf} is no component of ${order}.`);
  const shares = terms.shares(line, product, env.one("uom.uom", ref(product.uom_id)));
  const read = shares.map(({ lot, amount }): [number, number] => {
    if (amount <= 0) refuse("nothing-reported", `Consumption of ${line.product} needs a quantity above zero.`);
    if (trackingOf(product) !== "none" && lot === undefined)
      refuse("lot-missing", `The component ${line.product} is tracked, and the report of ${order} names no lot.`);
    if (lot === undefined) return [0, amount];
    const found = terms.lot(product, lot);
    refuseHeld(env, found);
    return [found.id, amount];
  });
  return { product, component, shares: read };
}

/** What completions took of a component by the bill was an estimate; what they were told to take was none. */
function giveBack({ env }: Terms, family: readonly Row[], component: number): void {
  const told = new Set(
    [...env.db.model(LEDGER).table.rows.values()]
      .filter((row) => row.x_model === "mrp.production" && family.some(({ id }) => id === row.x_res_id))
      .filter((row) => row.x_operation !== "consumeMaterial" && text(row.x_kept) !== "")
      .map((row) => JSON.parse(text(row.x_kept)) as Kept)
      .flatMap(({ named, orders }) => (named.includes(component) ? orders : [])),
  );
  for (const order of family.filter(({ id, state }) => state === "done" && !told.has(id)))
    for (const move of rawMoves(env, order).filter((it) => it.product_id === component && it.state === "done")) {
      for (const line of env.of("stock.move.line", "move_id", move.id)) rewriteLine(env, line, 0);
      env.set("stock.move", move, { quantity: 0 });
    }
}

/** Odoo lets the lines of a move that is done be changed; the stock follows. */
function rewriteLine(env: Env, line: Row, quantity: number): void {
  const { product, location, lot } = lineSource(line);
  const difference = quantity - num(line.quantity);
  changeStock(env, { product, location, lot }, -difference);
  changeStock(env, { product, location: num(line.location_dest_id), lot }, difference);
  env.set("stock.move.line", line, { quantity });
}

function consumeNow({ env }: Terms, order: Row, { product, shares }: ApartLine): void {
  const code = text(env.one("product.product", product).default_code);
  for (const [lot, amount] of shares) {
    const held = heldAt(env, num(order.location_src_id), product, lot || undefined);
    if (compareQuantity(held, amount, 6) < 0)
      refuse("insufficient-stock", `${text(order.name)} consumed ${amount} of ${code}, and the stock holds ${held}.`);
  }
  const move = env.create("stock.move", {
    product_id: product,
    product_uom_qty: 0,
    raw_material_production_id: order.id,
    state: "confirmed",
  });
  for (const [lot, amount] of shares) {
    const line = addLine(env, move, lot || undefined, amount);
    env.set("stock.move.line", line, { picked: true });
  }
  finishMoves(env, [move]);
  if (!isClosed(move)) refuse("not-completed", `Odoo left the consumption of ${code} open.`);
}
